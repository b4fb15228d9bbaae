"""What it was measured on and with: machine, versions, settings, and what each was made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stages.common.current import value_in_words
from stages.common.text import model_of, when_all
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.seen import Seen
from stages.records.base import UNKNOWN, Host, Setting
from stages.records.cpu_generations import full_name
from stages.setting.cpu_list import format_list
from stages.settings import Settings, recorded_settings

Facts = list[tuple[str, str]]
MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """What a profile was made by and with: names and texts.

    `settings` are those that were other than the default, `defaults` the others.
    """

    runtime: str
    made_by: Facts
    versions: Facts
    settings: Facts
    defaults: Facts


def machine(seen: Seen) -> Facts:
    """Return what is known of the machine, and of model and data."""
    record = seen.record
    return [
        *_host(record.host),
        ("model", model_of(record.backbone)),
        ("it came from", f"{record.backbone.origin} (sha256 {record.backbone.sha256})"),
        ("data", f"{record.data.name}: {record.data.origin} (sha256 {record.data.sha256})"),
    ]


def _host(host: Host) -> Iterator[tuple[str, str]]:
    topology = host.topology
    yield "CPU", full_name(host.cpu_model, host.cpu_id)
    yield "cores measured on", format_list(host.cores_pinned)
    yield "sockets, physical cores", f"{topology.sockets}, {topology.physical_cores}"
    yield "memory", _memory(host)
    if host.cpu_quota is not None:
        yield "CPU quota", f"the time of {host.cpu_quota:g} CPUs"
    yield "virtual machine", "yes" if host.hypervisor else "no"
    for name, value in (("type", host.machine_type), ("machine", host.machine)):
        if value != UNKNOWN:
            yield name, value
    yield "kernel", f"Linux {host.kernel}"
    yield "microcode", host.microcode
    yield "governor", host.governor
    yield "huge pages", host.huge_pages


def _memory(host: Host) -> str:
    whole, limit = f"{host.memory_gib:.1f} GiB", host.memory_limit_gib
    is_limited = limit is not None and limit < host.memory_gib
    return f"{whole}, of which the run might take {limit:.1f} GiB" if is_limited else whole


def memory_variable(seen: Seen) -> str:
    """Return what gives a run in a container the memory that made it measure in groups.

    It ends in a space; empty if the memory did not matter, or was not limited.
    """
    host = seen.record.host
    if not seen.record.in_groups or not host.container or host.memory_limit_gib is None:
        return ""
    return f"STAGES_MEMORY={host.memory_limit_gib * MIB_PER_GIB:.0f}m "


def runs(seen: Seen) -> list[Run]:
    """Return what each profile was made by and with."""
    return [_run(profile) for profile in seen.profiles]


def _run(profile: RuntimeProfile) -> Run:
    record, made = profile.record, profile.record.maker
    made_by = [
        ("measured", when_all(record.parts)),
        ("version of this project", made.version or "not recorded"),
        ("image", made.image or "none, or not named"),
        ("sha256 of its source", made.source or "not recorded"),
        ("sha256 of the profile's SHA256SUMS", profile.sha256),
    ]
    return Run(profile.runtime, made_by, [*record.host.versions.items()], *_settings(made.settings))


def _settings(settings: Mapping[str, Setting]) -> tuple[Facts, Facts]:
    """Return those that are other than the default, and those that are the default."""
    usual = recorded_settings(Settings(), "profile")
    others = {name: it for name, it in settings.items() if usual.get(name) == it}
    given = [(name, value_in_words(it)) for name, it in settings.items() if name not in others]
    return given, [(name, value_in_words(it)) for name, it in others.items()]
