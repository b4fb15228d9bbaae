"""The rehearsal of a cell of ours, by oneDNN's log of either worker and the emulator's counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.entries import Entry
from stages.common.onednn.log import Execution, OnednnLog, parse_log
from stages.common.onednn.traced import span_of, within
from stages.common.stats import accuracy_top1
from stages.errors import ProofError
from stages.files.member import MAX_LOG_BYTES, read_plain
from stages.isa import AMX, get_isa
from stages.records.measure import Span
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import RehearsedCell, RehearsedLayer, Side, Tiles
from stages.rehearse.answers import compare_answers, predictions_of
from stages.rehearse.bound import bound_of_all
from stages.rehearse.counts import read_counts, tiles_of
from stages.rehearse.host import compared_isa
from stages.rehearse.layers import layers_of, multiplying, op_names, others_of
from stages.rehearse.proof_log import traced_without_times
from stages.rehearse.workers import (
    Answer,
    Conditions,
    Start,
    ask_both,
    counts_of,
    log_name,
    raw_log,
    start_worker,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker showed: its log as it was, when the traced batch ran, its probabilities."""

    log: OnednnLog
    span: Span
    probabilities: list[list[float]]

    def executions(self) -> list[Execution]:
        """Return what the traced batch ran, in order."""
        return within(self.log.executions, self.span)


def rehearse(
    entry: Entry, record: QuantizeRecord, conditions: Conditions, start: Start = start_worker
) -> RehearsedCell:
    """Return the rehearsal of an entry, whose model `record` is about.

    Raises WorkerError if a worker dies, with what the emulator said of it; ProofError if oneDNN did
    not run at the caps, or its kernels' names and the emulator's counts contradict each other.
    """
    isas = (AMX, compared_isa(entry.precision))
    versions, answers = ask_both(entry, isas, conditions, start)
    seen = [
        _seen(entry, isa, conditions, answer) for isa, answer in zip(isas, answers, strict=True)
    ]
    return _cell(entry, record, conditions, versions, seen)


def _seen(entry: Entry, isa: str, conditions: Conditions, answer: Answer) -> Seen:
    raw = raw_log(entry, isa, conditions)
    lines = read_plain(raw, MAX_LOG_BYTES).decode("utf-8", errors="replace").splitlines()
    trace, classified = answer
    seen = Seen(parse_log(lines), span_of(trace.nodes), classified.probabilities)
    _require_as_capped(entry, isa, seen)
    kept = traced_without_times(lines, {ran.start_ms for ran in seen.executions()})
    text = "".join(f"{line}\n" for line in kept)
    (conditions.proof / log_name(entry, isa)).write_text(text, encoding="utf-8")
    return seen


def _require_as_capped(entry: Entry, isa: str, seen: Seen) -> None:
    wanted = get_isa(isa).header
    found = seen.log.isa_header
    if found != wanted:
        raise ProofError(
            f"{entry.name}: oneDNN's log says {found or 'nothing'!r}, not {wanted!r}; "
            "this oneDNN does not know the cap, or the emulator did not reach it"
        )
    if not multiplying(seen.executions()):
        raise ProofError(
            f"{entry.name}: oneDNN's log has nothing that multiplies in the traced batch at {isa}; "
            "the runtime did not report when it ran"
        )


def _cell(
    entry: Entry,
    record: QuantizeRecord,
    conditions: Conditions,
    versions: dict[str, str],
    seen: Sequence[Seen],
) -> RehearsedCell:
    with_amx, without = seen
    ran = with_amx.executions()
    tiles = _tiles(entry, ran, conditions)
    ops = op_names(ran, conditions.batch_size, record, entry.precision)
    layers = layers_of(ran, without.executions(), ops, tiles)
    _require_counted(entry, layers)
    return RehearsedCell(
        runtime=entry.backend,
        precision=entry.precision,
        versions=versions,
        with_amx=_side(entry, AMX, with_amx, conditions.labels),
        without=_side(entry, compared_isa(entry.precision), without, conditions.labels),
        answers=compare_answers(entry.precision, with_amx.probabilities, without.probabilities),
        layers=layers,
        others=others_of(ran),
        bound=bound_of_all(layers),
    )


def _require_counted(entry: Entry, layers: Sequence[RehearsedLayer]) -> None:
    for layer in layers:
        if layer.on_amx != (layer.tiles is not None):
            counted = "used tiles" if layer.tiles else "used no tile"
            raise ProofError(
                f"{entry.name}: oneDNN's log names {layer.kernel}, which {counted} by the "
                "emulator's counts; what ran is not what the log says"
            )


def _tiles(
    entry: Entry, executions: Sequence[Execution], conditions: Conditions
) -> list[Tiles | None]:
    """Return what the emulator counted of each primitive that multiplies."""
    releases = read_counts(counts_of(entry, conditions))
    return [tiles_of(ran, releases) for ran in multiplying(executions)]


def _side(entry: Entry, isa: str, seen: Seen, labels: Sequence[int]) -> Side:
    return Side(
        isa=isa,
        log=log_name(entry, isa),
        onednn_version=seen.log.version,
        isa_header=seen.log.isa_header,
        probabilities=seen.probabilities,
        accuracy_top1=accuracy_top1(predictions_of(seen.probabilities), labels),
    )
