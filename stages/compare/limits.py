"""What each cell achieves beside what its instructions allow, and where the rest of its time is."""

from collections.abc import Sequence

from stages.common.text import aligned
from stages.records.cell import Cell
from stages.records.compare import Limit
from stages.records.profile import ProfileRecord
from stages.records.proof import Roofline

COLUMNS = (
    "isa cap",
    "precision",
    "GOP/s",
    "best kernel",
    "x FP32's",
    "at most",
    "at best rate",
    "slower kernels",
    "pooling",
    "reorders",
    "other",
    "framework",
)
NOTES = (
    ("GOP/s", "10^9 multiplications and additions per second, over the whole inference"),
    (
        "best kernel",
        "the same for the fastest kernel alone; x FP32's: over FP32's best here",
    ),
    ("at most", "what the kernel's instructions do in a cycle, over what FP32's do"),
    ("at best rate", "share of the time that all convolutions would take at the rate of the best;"),
    ("", "the rest is where the time goes beyond that"),
)


def limits(record: ProfileRecord) -> list[Limit]:
    """Return a line for each measured cell of a profile."""
    fp32 = {
        cell.requested_isa: record.measured_cell(cell).roofline
        for cell in record.cells
        if cell.precision == "fp32"
    }
    return [
        _limit(record.runtime, cell, cell.roofline, fp32.get(cell.requested_isa))
        for cell in record.cells
        if cell.roofline
    ]


def _limit(runtime: str, cell: Cell, found: Roofline, fp32: Roofline | None) -> Limit:
    return Limit(
        runtime=runtime,
        precision=cell.precision,
        isa=cell.requested_isa,
        achieved_gops=found.achieved_gops,
        best_gops=found.best_gops,
        best_over_fp32=found.best_gops / fp32.best_gops if fp32 and fp32.best_gops else None,
        limit=found.limit,
        at_best_rate=found.at_best_rate,
        slower_kernels=found.slower_kernels,
        pooling=found.pooling,
        reorders=found.reorders,
        other=found.other,
        framework=found.framework,
    )


def render_limits(found: Sequence[Limit], runtimes: Sequence[str]) -> str:
    """Return the table and what its columns mean; runtimes are named where there are several."""
    named = len(runtimes) > 1
    heads = (*COLUMNS[:2], "runtime", *COLUMNS[2:]) if named else COLUMNS
    table = aligned([heads, *(_cells(each, named=named) for each in found)])
    return f"{table}\n\n{aligned(NOTES)}"


def _cells(found: Limit, *, named: bool) -> tuple[str, ...]:
    shares = (
        found.at_best_rate,
        found.slower_kernels,
        found.pooling,
        found.reorders,
        found.other,
        found.framework,
    )
    return (
        found.isa,
        found.precision,
        *((found.runtime,) if named else ()),
        f"{found.achieved_gops:.0f}",
        f"{found.best_gops:.0f}",
        _times(found.best_over_fp32),
        _times(found.limit),
        *(f"{share:.1%}" for share in shares),
    )


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
