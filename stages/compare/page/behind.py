"""The rows of the table that the page's answer is made of."""

from collections.abc import Iterator, Sequence

from stages.compare.cautions import is_derived
from stages.compare.page.seen import Seen
from stages.compare.steps import Step, steps_of
from stages.isa import AMX
from stages.precisions import FP32, INT8
from stages.records.compare import Row


def fastest_of(rows: Sequence[Row]) -> Row:
    """Return the row with the most images/s."""
    return max(rows, key=lambda row: row.throughput_images_per_s.estimate)


def amx_steps(seen: Seen, fastest: Row) -> list[Step]:
    """Return what AMX adds in the fastest cell's runtime: its precision's first, then INT8's."""
    steps = [step for profile in seen.profiles for step in steps_of(profile.record)]
    own = [step for step in steps if step.isa == AMX and step.runtime == fastest.runtime]
    order = [fastest.precision, INT8]
    return sorted(own, key=lambda step: (*(step.precision != name for name in order),))


def timed(row: Row, rows: Sequence[Row]) -> Row:
    """Return the row whose figures one has that was not timed, as the same kernels ran."""
    same = (it for it in rows if (it.runtime, it.precision) == (row.runtime, row.precision))
    rate = row.throughput_images_per_s
    found = (it for it in same if not is_derived(it) and it.throughput_images_per_s == rate)
    return next(found, row) if is_derived(row) else row


def behind(seen: Seen) -> Iterator[Row]:
    """Yield the rows that the answer, its effects and its hours are made of."""
    rows = {(row.runtime, row.precision, row.isa): row for row in seen.record.rows}
    fastest = fastest_of(seen.record.rows)
    yield fastest
    if base := rows.get((fastest.runtime, FP32, fastest.isa)):
        yield base
    for step in amx_steps(seen, fastest)[:1]:
        yield from (rows[step.runtime, step.precision, isa] for isa in (step.isa, step.below))
    if fp32 := [row for row in seen.record.rows if row.precision == FP32]:
        yield fastest_of(fp32)
