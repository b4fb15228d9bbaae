"""The rehearsal of a cell: two workers of the product's own, one of which has the emulator."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from stages.common.entries import Entry
from stages.common.onednn.log import Execution, OnednnLog, parse_log
from stages.common.onednn.traced import span_of, within
from stages.common.stats import accuracy_top1
from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Trace,
    TraceAnswer,
    Worker,
)
from stages.errors import ProofError, WorkerError
from stages.files.member import MAX_LOG_BYTES, read_plain
from stages.isa import AMX, get_isa
from stages.records.measure import Span
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import RehearsedCell, RehearsedLayer, Side, Tiles
from stages.rehearse.answers import compare_answers
from stages.rehearse.bound import bound_of_all
from stages.rehearse.counts import read_counts, tiles_of
from stages.rehearse.emulator import last_words, variables
from stages.rehearse.host import compared_isa
from stages.rehearse.layers import layers_of, multiplying, op_names, others_of
from stages.rehearse.proof_log import traced_without_times
from stages.runtimes import get_runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is the same for all cells.

    `images` is the .npz file of those that are classified, `labels` their class indices; `proof`
    is the folder for logs that are kept, `scratch` that for what is not.
    """

    emulator: Path
    cores: list[int]
    images: Path
    labels: list[int]
    batch_size: int
    timeout_s: float
    proof: Path
    scratch: Path


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker showed: its log as it was, when the traced batch ran, its probabilities."""

    log: OnednnLog
    span: Span
    probabilities: list[list[float]]

    def executions(self) -> list[Execution]:
        """Return what the traced batch ran, in order."""
        return within(self.log.executions, self.span)


Start = Callable[[Entry, str, Conditions], AbstractContextManager[Worker]]


def start_worker(entry: Entry, isa: str, conditions: Conditions) -> WorkerProcess:
    """Return the worker of an entry that is capped at `isa`; at AMX's, with the emulator."""
    extra = variables(conditions.emulator, _counts(entry, conditions)) if isa == AMX else None
    return WorkerProcess(
        _job(entry, isa, conditions),
        _raw_log(entry, isa, conditions),
        conditions.timeout_s,
        isa=isa,
        verbose=True,
        waiting=False,
        python=entry.python,
        extra=extra,
    )


def rehearse(
    entry: Entry, record: QuantizeRecord, conditions: Conditions, start: Start = start_worker
) -> RehearsedCell:
    """Return the rehearsal of an entry, whose model `record` is about.

    Raises WorkerError if a worker dies, with what the emulator said of it; ProofError if oneDNN did
    not run at the caps, or its kernels' names and the emulator's counts contradict each other.
    """
    isas = (AMX, compared_isa(entry.precision))
    versions, answers = _ask_both(entry, isas, conditions, start)
    seen = [
        _seen(entry, isa, conditions, answer) for isa, answer in zip(isas, answers, strict=True)
    ]
    return _cell(entry, record, conditions, versions, seen)


Answer = tuple[TraceAnswer, ClassifyAnswer]


def _ask_both(
    entry: Entry, isas: Sequence[str], conditions: Conditions, start: Start
) -> tuple[dict[str, str], list[Answer]]:
    """Return the versions that ran, and the answers of both workers, which load side by side."""
    try:
        with ExitStack() as running:
            workers = [running.enter_context(start(entry, isa, conditions)) for isa in isas]
            traces = [worker.ask(Trace(conditions.batch_size), TraceAnswer) for worker in workers]
            for worker in workers:
                worker.send(Classify(conditions.batch_size))
            classes = [worker.receive(ClassifyAnswer) for worker in workers]
            return workers[0].ready.versions, list(zip(traces, classes, strict=True))
    except WorkerError as error:
        said = last_words(_raw_log(entry, AMX, conditions))
        raise (_of_emulator(entry, said) if said else error) from None


def _of_emulator(entry: Entry, said: str) -> WorkerError:
    return WorkerError(
        f"rehearsing {entry.name} was ended by the emulator: {said}; leave out the precision, or "
        "report that line"
    )


def _seen(entry: Entry, isa: str, conditions: Conditions, answer: Answer) -> Seen:
    raw = _raw_log(entry, isa, conditions)
    lines = read_plain(raw, MAX_LOG_BYTES).decode("utf-8", errors="replace").splitlines()
    trace, classified = answer
    seen = Seen(parse_log(lines), span_of(trace.nodes), classified.probabilities)
    _require_as_capped(entry, isa, seen)
    kept = traced_without_times(lines, {ran.start_ms for ran in seen.executions()})
    text = "".join(f"{line}\n" for line in kept)
    (conditions.proof / _log_name(entry, isa)).write_text(text, encoding="utf-8")
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
    releases = read_counts(_counts(entry, conditions))
    return [tiles_of(ran, releases) for ran in multiplying(executions)]


def _side(entry: Entry, isa: str, seen: Seen, labels: Sequence[int]) -> Side:
    predictions = [row.index(max(row)) for row in seen.probabilities]
    return Side(
        isa=isa,
        log=_log_name(entry, isa),
        onednn_version=seen.log.version,
        isa_header=seen.log.isa_header,
        probabilities=seen.probabilities,
        accuracy_top1=accuracy_top1(predictions, labels),
    )


def _job(entry: Entry, isa: str, conditions: Conditions) -> Job:
    return Job(
        name=f"{entry.name}_{isa}",
        backend=get_runtime(entry.backend).backend,
        model=str(entry.model),
        precision=entry.precision,
        images=str(conditions.images),
        cores=conditions.cores,
    )


def _log_name(entry: Entry, isa: str) -> str:
    return f"{entry.name}_{isa}.log"


def _raw_log(entry: Entry, isa: str, conditions: Conditions) -> Path:
    return conditions.scratch / _log_name(entry, isa)


def _counts(entry: Entry, conditions: Conditions) -> Path:
    return conditions.scratch / f"{entry.name}.counts"
