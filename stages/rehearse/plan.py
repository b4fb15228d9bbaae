"""What is rehearsed: every model that AMX multiplies for, and why some of them can't be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from stages.artifacts import Artifacts, read_record
from stages.common.entries import (
    Entry,
    OurEntries,
    find_ours,
    interpreters_of,
    runnable,
    without_root,
)
from stages.common.host.facts import cpu_flags
from stages.common.peer_entries import find_peers, require_peers
from stages.errors import InputMissingError, StageError
from stages.precisions import FP32, PRECISION_NAMES, get_precision
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import LeftOut
from stages.runtimes import RUNTIME_NAMES, get_runtime
from stages.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be rehearsed, and what not; by runtime, quantize's record and its checksum.

    `peers_sha256` is that of the peers' folder, None if there is none to be used.
    """

    entries: list[Entry]
    peers: list[Entry]
    left_out: list[LeftOut]
    quantize: dict[str, QuantizeRecord]
    quantize_sha256: dict[str, str]
    peers_sha256: str | None

    @property
    def a_record(self) -> QuantizeRecord:
        """A record that knows the trained network, the same one in each version of this."""
        return next(self.quantize[name] for name in RUNTIME_NAMES if name in self.quantize)


def make_plan(settings: Settings, artifacts: Artifacts) -> Plan:
    """Return what can be rehearsed; InputMissingError if nothing can."""
    ours = find_ours(artifacts, interpreters_of(settings))
    entries = map(partial(_as_converted, ours.entries), ours.entries)
    wanted = [entry for entry in entries if _is_wanted(entry, settings)]
    wanted.sort(key=lambda it: PRECISION_NAMES.index(it.precision))
    wanted.sort(key=lambda it: RUNTIME_NAMES.index(it.backend))
    possible = runnable(wanted)
    if not possible:
        reasons = "; ".join(dict.fromkeys(entry.missing for entry in wanted if entry.missing))
        raise InputMissingError(
            f"nothing can be rehearsed ({reasons or 'AMX multiplies in none of the precisions'}); "
            "run the stages before, or ask for other precisions"
        )
    peers, peers_sha256 = _peers(settings, artifacts)
    return Plan(
        possible,
        runnable(peers),
        [left_out(entry, entry.missing) for entry in (*wanted, *peers) if entry.missing],
        _records(artifacts, ours, possible),
        {entry.backend: ours.quantize_sha256[entry.backend] for entry in possible},
        peers_sha256,
    )


def left_out(entry: Entry, reason: str) -> LeftOut:
    """Return the note that an entry was not rehearsed."""
    return LeftOut(runtime=entry.backend, precision=entry.precision, reason=reason)


def _peers(settings: Settings, artifacts: Artifacts) -> tuple[list[Entry], str | None]:
    """Return the peers' entries that are wanted, and the checksum of their folder, if of use."""
    entries = find_peers(artifacts.peers.models, cpu_flags())
    wanted = [entry for entry in entries if _is_wanted(entry, settings)]
    try:
        sha256 = require_peers(artifacts)
    except StageError as error:
        return [
            replace(entry, missing=entry.missing or without_root(artifacts, error))
            for entry in wanted
        ], None
    wanted = [entry if entry.model.exists() else _not_made(entry) for entry in wanted]
    return wanted, sha256 if runnable(wanted) else None


def _not_made(entry: Entry) -> Entry:
    """Return an entry of which peers has no model, as its tools can't convert every one."""
    return replace(entry, missing=entry.missing or "peers could not make its model")


def _as_converted(entries: Sequence[Entry], entry: Entry) -> Entry:
    """Return an entry, with a model even if quantize, on its CPU, made no variant of it.

    The runtime converts the trained model as it loads it, so nothing that quantize makes is needed.
    """
    precision = get_precision(entry.precision)
    converts = getattr(precision, get_runtime(entry.backend).converts_by)
    if not (entry.missing and converts and precision.model == FP32):
        return entry
    trained = [one for one in entries if (one.backend, one.precision) == (entry.backend, FP32)]
    return replace(trained[0], precision=entry.precision) if trained else entry


def _is_wanted(entry: Entry, settings: Settings) -> bool:
    return get_precision(entry.precision).uses_tiles and entry.precision in settings.precisions


def _records(
    artifacts: Artifacts, ours: OurEntries, entries: Sequence[Entry]
) -> dict[str, QuantizeRecord]:
    runtimes = {entry.backend for entry in entries} & {*ours.quantize_sha256}
    return {
        runtime: read_record(artifacts.quantize(runtime).record, QuantizeRecord)
        for runtime in runtimes
    }
