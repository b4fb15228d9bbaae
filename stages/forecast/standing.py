"""Whether what each stage left is current, as far as can be seen from outside.

The packages of a stage are in an environment of its own, so that no change of them is seen.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from stages.artifacts import Artifacts, read_record, require_current, verify
from stages.common.current import Facts, cpu_facts, facts_of, in_words, machine_facts
from stages.common.host.cores import available_cores
from stages.common.host.facts import describe_host
from stages.common.provenance import maker
from stages.common.unfit import of_profile, of_quantize
from stages.errors import StageError
from stages.folder.usable import resolved
from stages.profile.enough import settings_met
from stages.records.base import Host
from stages.records.compare import CompareRecord
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings, recorded_settings
from stages.stage_folders import StageFolder

StageRecord: TypeAlias = TrainRecord | QuantizeRecord | ProfileRecord | CompareRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """A stage before a run: why it would do its work, empty if what it left is current.

    `record` is that of what is there; None if there is none that can be read. `as_before` is
    whether it was made with the settings of now.
    """

    program: str
    why: str
    record: StageRecord | None
    as_before: bool = False


def this_host(settings: Settings) -> Host:
    """Return this machine with the cores that profile would pin; PinningError if none can be.

    They are not tried, as numactl may be in profile's image alone.
    """
    return describe_host(available_cores(settings.cores, os.sched_getaffinity(0)))


def standings(settings: Settings, programs: Collection[str], host: Host) -> list[Standing]:
    """Return how each of these stages stands on `host`, in their order."""
    artifacts = Artifacts(resolved(settings.artifacts))
    found: list[Standing] = []
    for program, (folder, kind) in _places(artifacts, settings.runtime).items():
        if program in programs:
            standing = _standing(program, folder, kind, settings, artifacts, host)
            before = [earlier.program for earlier in found if earlier.why]
            if before and not standing.why:
                standing = replace(standing, why=f"{before[-1]} may come out otherwise")
            found.append(standing)
    return found


def _places(artifacts: Artifacts, runtime: str) -> dict[str, tuple[StageFolder, type[StageRecord]]]:
    return {
        "train": (artifacts.train, TrainRecord),
        "quantize": (artifacts.quantize(runtime), QuantizeRecord),
        "profile": (artifacts.profile(runtime), ProfileRecord),
        "compare": (artifacts.compare, CompareRecord),
    }


def _standing(
    program: str,
    folder: StageFolder,
    kind: type[StageRecord],
    settings: Settings,
    artifacts: Artifacts,
    host: Host,
) -> Standing:
    if not folder.path.exists():
        return Standing(program, "nothing is there yet", None)
    record, as_before = None, False
    try:
        record = read_record(folder.record, kind)
        as_before = record.maker.settings == recorded_settings(settings, program)
        verify(folder.path)
        for digest, source in _inputs(record, artifacts):
            require_current(folder.path, digest, source.path)
    except StageError as error:
        return Standing(program, str(error).partition("; ")[0], record, as_before)
    return Standing(program, _why(record, settings, host, program), record, as_before)


def _inputs(record: StageRecord, artifacts: Artifacts) -> Sequence[tuple[str, StageFolder]]:
    """Return the checksum of each input that a record was made from, and where that input is."""
    if isinstance(record, CompareRecord):
        digests = record.profile_sha256.items()
        return [(digest, artifacts.profile(runtime)) for runtime, digest in digests]
    inputs: list[tuple[str, StageFolder]] = []
    if not isinstance(record, TrainRecord):
        inputs.append((record.train_sha256, artifacts.train))
    if isinstance(record, ProfileRecord):
        inputs.append((record.quantize_sha256, artifacts.quantize(record.runtime)))
    return inputs


def _why(record: StageRecord, settings: Settings, host: Host, program: str) -> str:
    """Return why a stage whose inputs are as they were would run again; empty if it would not."""
    if program in settings.force:
        return "it is forced"
    if isinstance(record, ProfileRecord) and settings.more:
        return "rounds are to be added"
    if unfit := _unfit(record):
        return unfit
    now = replace(maker(settings, program), packages={})
    before = facts_of(replace(record.maker, packages={}), _machine(record, record))
    met = _met(record, settings)
    return in_words(*(_but(it, met) for it in (before, facts_of(now, _machine(record, host)))))


def _unfit(record: StageRecord) -> str:
    if isinstance(record, ProfileRecord):
        return of_profile(record)
    return of_quantize(record) if isinstance(record, QuantizeRecord) else ""


def _machine(record: StageRecord, source: StageRecord | Host) -> Facts:
    """Return what a kind of record depends on of the machine, as `source` has it."""
    host = source if isinstance(source, Host) else getattr(source, "host", None)
    if isinstance(record, ProfileRecord) and host:
        return machine_facts(host)
    return cpu_facts(host) if isinstance(record, QuantizeRecord) and host else {}


def _met(record: StageRecord, settings: Settings) -> Collection[str]:
    """Return the settings that a record meets, or whose value only the stage itself knows."""
    own = () if settings.backbone in OWN_BACKBONES else ("backbone",)
    rounds = settings_met(record, settings) if isinstance(record, ProfileRecord) else ()
    return {*own, *rounds}


def _but(facts: Facts, names: Collection[str]) -> Facts:
    return {name: value for name, value in facts.items() if name not in names}
