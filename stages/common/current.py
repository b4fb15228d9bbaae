"""Whether what a program left is what it would make again, so that nothing is made twice.

The record is the key: what it says that it came from must be what it would come from now.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from stages.artifacts import read_record, verify
from stages.common.provenance import maker
from stages.common.text import when
from stages.errors import StageError
from stages.files.checksums import read_checksums
from stages.program.host_path import shown
from stages.records.base import Host, Provenance, Record
from stages.records.cpu_generations import full_name
from stages.setting.cpu_list import format_list
from stages.settings import Settings
from stages.stage_folders import StageFolder

# What something came from, by its name in words. What is longer than a person reads is a hash, or
# as good as one.
Facts: TypeAlias = Mapping[str, Any]
MAX_READ = 60
# Differences that a line names; it counts the others.
MAX_SAID = 3
RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Generic[RecordT]):
    """What a program leaves: its folder, with a record of this kind.

    `origins` returns what the record says that it came from, beside what its `maker` says; `unfit`
    why it is to be made again though all that is the same, empty if it is not. `met` returns the
    settings whose values now the record meets as it is, though it was made by others.
    """

    program: str
    folder: StageFolder
    kind: type[RecordT]
    origins: Callable[[RecordT], Facts]
    unfit: Callable[[RecordT], str] = lambda _: ""
    met: Callable[[RecordT], Collection[str]] = lambda _: ()


def kept(product: Product[RecordT], settings: Settings, now: Facts) -> RecordT | None:
    """Return the record of what is there if it would come out the same; say so in a line.

    `now` is what it would come from, by the names that `origins` gives. If something is there that
    is not whole, or came from anything else, a line says why it is made again.
    """
    name, maker_now = product.program, maker(settings, product.program)
    if not os.path.lexists(product.folder.path):
        return None
    try:
        verify(product.folder.path)
        record = read_record(product.folder.record, product.kind)
    except StageError as error:
        _say(f"{name}: runs again: {str(error).partition('; ')[0]}")
        return None
    if why := _why_again(product, record, settings, facts_of(maker_now, now)):
        _say(f"{name}: runs again: {why}")
        return None
    made = when(record.maker.made)
    _say(f"{name}: current, made {made}; nothing to do (--force {name} makes it again)")
    return record


def _why_again(product: Product[RecordT], record: RecordT, settings: Settings, now: Facts) -> str:
    if product.program in settings.force:
        return "it is forced"
    met = product.met(record)
    before = facts_of(record.maker, product.origins(record))
    changed = in_words(_but(before, met), _but(now, met))
    return changed or product.unfit(record)


def stays(product: Product[RecordT]) -> Callable[[Path], bool]:
    """Return a function that says whether what is there has all that a new folder has.

    They may differ in when they were made, and how long that took. Then the earlier one can stay,
    so that what was made of it is current.
    """

    def is_as_new(new: Path) -> bool:
        folder, record = product.folder.path, product.folder.record
        try:
            verify(folder)
            made = read_record(record, product.kind).maker.made
        except StageError:
            return False
        earlier, later = (read_checksums(path, "") for path in (folder, new))
        if _but(earlier, [record.name]) != _but(later, [record.name]):
            return False
        if _timeless(record) != _timeless(new / record.name):
            return False
        _say(f"{product.program}: came out as before; what was made {when(made)} stays")
        return True

    return is_as_new


def machine_facts(host: Host) -> Facts:
    """Return what measured times depend on of a machine."""
    return {
        **cpu_facts(host),
        "microcode": host.microcode,
        "machine": host.machine,
        "machine type": host.machine_type,
        "kernel": host.kernel,
        "governor": host.governor,
        "huge pages": host.huge_pages,
        "CPU quota": host.cpu_quota,
    }


def cpu_facts(host: Host) -> Facts:
    """Return what the choice of kernels depends on of a machine."""
    return {
        "CPU": full_name(host.cpu_model, host.cpu_id),
        "CPU flags": " ".join(host.cpu_flags),
        "cores": format_list(host.cores_pinned),
    }


def by_runtime(what: str, sha256: Mapping[str, str]) -> Facts:
    """Return the checksum of what there is of each runtime."""
    return {f"{what} ({runtime})": digest for runtime, digest in sha256.items()}


def package_facts(versions: Mapping[str, Mapping[str, str]]) -> Facts:
    """Return the versions of packages that each runtime has in its own interpreter."""
    return {
        f"{package} of {runtime}": version
        for runtime, packages in versions.items()
        for package, version in packages.items()
    }


def _say(text: str) -> None:
    print(shown(text), flush=True)


def facts_of(made_by: Provenance, origins: Facts) -> Facts:
    """Return what something came from, with what its maker says of itself."""
    own = {"this project": made_by.version, "its source": made_by.source}
    return {**made_by.settings, **origins, **made_by.packages, **own}


def in_words(before: Facts, now: Facts) -> str:
    """Return the first differences in words, and how many more there are; empty without any."""
    changed = [*changes(before, now)]
    more = [f"and {len(changed) - MAX_SAID} more"] if len(changed) > MAX_SAID else []
    return "; ".join([*changed[:MAX_SAID], *more])


def changes(before: Facts, now: Facts) -> Iterator[str]:
    """Yield in words what differs."""
    for name in {**now, **before}:
        if before.get(name) != now.get(name):
            is_now, was = _said(name, now), _said(name, before)
            is_read = len(is_now) <= MAX_READ and len(was) <= MAX_READ
            values = f"is {is_now}, was {was}" if is_read else "changed"
            yield f"{name[:MAX_READ]} {values}"


def _said(name: str, facts: Facts) -> str:
    """Return a fact in words; an earlier version may have had no such setting."""
    return value_in_words(facts[name]) if name in facts else "not there"


def value_in_words(value: Any) -> str:
    """Return a fact as a person reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "not given"
    if value is None:
        return "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text or "not given"


def _but(facts: Facts, names: Collection[str]) -> Facts:
    return {name: value for name, value in facts.items() if name not in names}


def _timeless(path: Path) -> Any:
    """Return what a record says beside when it was made and how long that took."""
    content = json.loads(path.read_bytes())
    content["maker"].pop("made", None)
    content.pop("seconds", None)
    return content
