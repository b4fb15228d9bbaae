"""What the fields of a record must have in common, so that figures can be computed of it.

Ranges are checked by the types of the fields; whether figures follow from samples, by `verify`.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from stages.isa import AMX, missing_flags
from stages.records import of_rehearsals
from stages.records.base import Host, Interval
from stages.records.cell import Cell, Reason, ServerTest, Validity
from stages.records.compare import Repeated, Row
from stages.records.cpu_features import contradiction
from stages.records.measure import Batches, Disturbance, Run, Span
from stages.records.peers import Contender, Figures, PeersRecord
from stages.records.problems import Problems, twice
from stages.records.profile import ModelSummary, ProfileRecord, Repeat
from stages.records.quantize import QuantizeRecord
from stages.records.rounds import unlike_rounds
from stages.records.sweep import SweepRecord
from stages.records.sweep_points import unlike_points
from stages.records.train import TrainRecord

_RATIO = ("estimate", "low", "high")
# The numbers behind a reason, by its kind.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "loadgen": ("runs", "of"),
    **{kind: (kind,) for kind in ("spread", "drift", "overlap", *get_args(Disturbance))},
    "other_classes": (),
    "few_rounds": ("rounds",),
    "not_itself": _RATIO,
    "noise": _RATIO,
}


def problems(record: Any) -> Problems:
    """Yield what is wrong with a record and its parts, each with its place."""
    for place, part in _parts(record, "$"):
        check = _CHECKS.get(type(part))
        if check:
            yield from (f"{problem} - at `{place}`" for problem in check(part))


def _parts(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield each dataclass in a record, the record first, with its place."""
    if dataclasses.is_dataclass(value):
        yield place, value
        for name in _names(value.__class__):
            part = getattr(value, name)
            if isinstance(part, list) or dataclasses.is_dataclass(part):
                yield from _parts(part, f"{place}.{name}")
    elif isinstance(value, list) and value and dataclasses.is_dataclass(value[0]):
        for index, item in enumerate(value):
            yield from _parts(item, f"{place}[{index}]")


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields, of which a record has thousands of parts."""
    return tuple(field.name for field in dataclasses.fields(kind))


def _interval(interval: Interval) -> Problems:
    if interval.low > interval.high:
        yield "low is above high"


def _host(host: Host) -> Problems:
    if problem := contradiction(host.cpu_model, host.cpu_flags, host.cpu_id):
        yield problem


def _batches(batches: Batches) -> Problems:
    if len(batches.seconds) != len(batches.ended_s):
        yield f"{len(batches.seconds)} seconds, {len(batches.ended_s)} ended_s"


def _span(span: Span) -> Problems:
    if span.begin_ms > span.end_ms:
        yield "begin_ms is after end_ms"


def _reason(reason: Reason) -> Problems:
    yield from (
        f"numbers has no `{name}`" for name in NUMBERS[reason.kind] if name not in reason.numbers
    )


def _validity(validity: Validity | Row | Run | ServerTest) -> Problems:
    yield from _contradicted("valid", validity.valid, validity.reasons)


def _trust(repeat: Repeat | Repeated) -> Problems:
    yield from _contradicted("trusted", repeat.trusted, repeat.reasons)


def _summary(summary: ModelSummary) -> Problems:
    # Older ones have neither of them.
    if summary.valid or summary.reasons:
        yield from _contradicted("valid", summary.valid, summary.reasons)
    if summary.trusted or summary.run_reasons:
        yield from _contradicted("trusted", summary.trusted, summary.run_reasons)


def _contradicted(name: str, flag: bool, reasons: Sequence[Reason] | Sequence[str]) -> Problems:
    """Yield that a flag, which says that nothing speaks against something, contradicts reasons."""
    if flag == bool(reasons):
        yield f"{name} is {flag}, with {len(reasons)} reasons"


def _cell(cell: Cell) -> Problems:
    if (cell.proof is None) != (cell.impossible is not None):
        yield "a cell has either a proof, or a reason why it is impossible"
    if cell.impossible is not None and (cell.measurement or cell.same_as):
        yield "a cell that is impossible has figures"
    if cell.proof and bool(cell.measurement) == bool(cell.same_as):
        yield "a cell has either figures, or those of another by same_as"
    if cell.same_as and cell.proof and cell.proof.verdict != f"same-as {cell.same_as}":
        yield f"same_as is {cell.same_as}, but the proof's verdict is {cell.proof.verdict}"


def _profile(record: ProfileRecord) -> Problems:
    yield from twice(f"{cell.precision} at {cell.requested_isa}" for cell in record.cells)
    measured = {(cell.precision, cell.requested_isa) for cell in record.cells if cell.measurement}
    if (record.repeat.precision, record.repeat.isa) not in measured:
        yield "the cell that was measured twice is not among those measured"
    yield from (
        f"{cell.precision} at {cell.requested_isa} is the same as a cell without figures"
        for cell in record.cells
        if cell.same_as and (cell.precision, cell.same_as) not in measured
    )
    if (AMX in {isa for _, isa in measured}) and missing_flags(
        AMX, frozenset(record.host.cpu_flags)
    ):
        yield f"a cell was measured at {AMX}, for which the CPU lacks flags"
    yield from _unlike_sizes(record)
    yield from unlike_rounds(record)


def _unlike_sizes(record: ProfileRecord) -> Problems:
    figures = [cell.measurement for cell in record.cells if cell.measurement]
    for measurement in (*figures, record.repeat.measurement):
        if len(measurement.accuracy.predictions) != len(record.labels):
            yield f"a cell has not {len(record.labels)} predictions, one for each label"


def _quantize(record: QuantizeRecord) -> Problems:
    yield from twice(variant.precision for variant in record.variants)
    if record.resumed_trials > len(record.trials):
        yield "an earlier run left more trials than there are"


def _train(record: TrainRecord) -> Problems:
    yield from _unlike_lengths(record.predictions, record.labels)


def _unlike_lengths(one: Mapping[str, list[int]], other: Mapping[str, list[int]]) -> Problems:
    yield from (
        f"predictions and labels of {split!r} are not of one length"
        for split in sorted({*one, *other})
        if len(one.get(split, ())) != len(other.get(split, ()))
    )


def _peers(record: PeersRecord) -> Problems:
    yield from twice(f"{entry.backend} {entry.precision}" for entry in record.contenders)
    measured = [entry for entry in record.contenders if not entry.missing]
    if len({tuple(figures.batch_size for figures in it.figures) for it in measured}) > 1:
        yield "contenders differ in batch sizes"
    if any(_rounds(figures) != record.rounds for it in measured for figures in it.figures):
        yield f"a contender has not the {record.rounds} rounds that were taken"
    if any(len(entry.predictions) != len(record.labels) for entry in measured):
        yield f"a contender has not {len(record.labels)} predictions, one for each label"


def _rounds(figures: Figures) -> int:
    return len(figures.batch_seconds)


def _contender(contender: Contender) -> Problems:
    has_figures = contender.accuracy_top1 is not None and bool(contender.figures)
    if has_figures == bool(contender.missing):
        yield "a contender has either figures, or a reason why it was not measured"


_CHECKS: dict[type, Callable[[Any], Problems]] = {
    Interval: _interval,
    Batches: _batches,
    Span: _span,
    Reason: _reason,
    Validity: _validity,
    Row: _validity,
    Run: _validity,
    ServerTest: _validity,
    Repeat: _trust,
    Repeated: _trust,
    ModelSummary: _summary,
    Cell: _cell,
    ProfileRecord: _profile,
    QuantizeRecord: _quantize,
    TrainRecord: _train,
    PeersRecord: _peers,
    Contender: _contender,
    Host: _host,
    **of_rehearsals.CHECKS,
    SweepRecord: unlike_points,
}
