"""What the points of a sweep must have in common, as far as the record shows it."""

from collections import Counter
from collections.abc import Iterator

from stages.isa import AMX, missing_flags
from stages.records.sweep import Point, PointName, SweepRecord

Problems = Iterator[str]


def unlike_points(record: SweepRecord) -> Problems:
    """Yield what is wrong with the points of a sweep, and with what names them."""
    names = [point.name for point in record.points]
    counts = Counter(names).items()
    yield from (f"{_shown(name)} is there twice" for name, count in counts if count > 1)
    cells = {cell.precision: cell for cell in record.cells}
    if len(cells) < len(record.cells):
        yield "a precision is there twice"
    for cell in record.cells:
        sizes = [proof.batch_size for proof in cell.proofs]
        swept = {name.batch_size for name in names if name.precision == cell.precision}
        if sizes != sorted(swept):
            yield f"{cell.precision} has not a proof for each of its batch sizes"
        if bool(sizes) == bool(cell.impossible):
            yield f"{cell.precision} has either proofs, or a reason why it is impossible"
        if sizes and cell.isa == AMX and missing_flags(AMX, frozenset(record.host.cpu_flags)):
            yield f"a point was measured at {AMX}, for which the CPU lacks flags"
    yield from (f"{_shown(name)} is of no cell" for name in names if name.precision not in cells)
    yield from _named(record, names)
    yield from _rounds(record)


def _named(record: SweepRecord, names: list[PointName]) -> Problems:
    within = [bound.point for bound in record.bounds if bound.point]
    for name in (record.reference, *record.best, *within):
        if name not in names:
            yield f"{_shown(name)} is named, and was not measured"


def _rounds(record: SweepRecord) -> Problems:
    """Yield that rounds are missing: the reference has all, each other point those of a group."""
    everything = [_numbers(point) for point in record.points if point.name == record.reference]
    if not everything or everything[0] != [*range(1, len(everything[0]) + 1)]:
        yield "rounds are missing"
        return
    others = {tuple(_numbers(point)) for point in record.points if point.name != record.reference}
    groups = sorted(others or {tuple(everything[0])})
    if [number for group in groups for number in group] != everything[0]:
        yield "rounds of a point are missing"
    if len(groups) != record.groups:
        yield f"the points are of {len(groups)} groups, not {record.groups}"
    asked = record.maker.settings.get("rounds") or 0
    if isinstance(asked, int) and any(len(group) < asked for group in groups):
        yield f"there are fewer than the {asked} rounds that were asked for"


def _numbers(point: Point) -> list[int]:
    return sorted({run.round for run in point.runs})


def _shown(name: PointName) -> str:
    layout = name.layout
    shape = f"{layout.num_instances} x {layout.cores_per_instance}"
    return f"{name.precision} {shape} at batch size {name.batch_size}"
