"""The table of what cells achieve beside what their instructions allow, and of where time goes.

A Limit is a row of it: a measured cell's Roofline without the primitives, named as a cell is.
"""

from collections.abc import Collection, Sequence

from stages.common.figures import multiple, quantity
from stages.common.headline import is_invalid
from stages.common.reasons import AGAIN
from stages.common.text import aligned
from stages.records.cell import Cell
from stages.records.compare import CompareRecord, Limit, OfCell
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
    ("GOP/s", "10^9 multiplications and additions per second, in the median timed round"),
    ("best kernel", "the same of the fastest kernel alone, in the inferences traced"),
    ("x FP32's", "best kernel over FP32's best kernel at the same cap"),
    (
        "at most",
        "what that kernel's instructions can do in a cycle, over what FP32's can; x FP32's may be "
        "up to a tenth above, as FP32's best kernel falls a little short of what its own can",
    ),
    (
        "at best rate",
        "the part of the fastest traced inference that everything that multiplies would take at "
        "the best kernel's rate; not GOP/s over best kernel, as GOP/s is of timed rounds",
    ),
    ("slower kernels", "and the columns after it: where the rest of that time goes"),
)
DISTURBED = "disturbed"
DISTURBED_NOTE = (DISTURBED, f"more than the hardware can do; {AGAIN}")
INVALID_NOTE = ("INVALID", "GOP/s is of images/s that can't be relied on, for the reasons above")
# FP32's best kernel does not quite reach what its instructions can do, of which a multiple is the
# limit; nor is the log's time of a kernel quite that of an undisturbed run.
MARGIN = 1.1


def limit_rows(record: ProfileRecord) -> list[Limit]:
    """Return a row for each measured cell of a profile."""
    fp32 = {
        cell.requested_isa: record.measured_cell(cell).roofline
        for cell in record.cells
        if cell.precision == "fp32"
    }
    return [
        _limit(record, cell, cell.roofline, fp32.get(cell.requested_isa))
        for cell in record.cells
        if cell.roofline
    ]


def _limit(record: ProfileRecord, cell: Cell, roofline: Roofline, fp32: Roofline | None) -> Limit:
    over_fp32 = roofline.best_gops / fp32.best_gops if fp32 and fp32.best_gops else None
    return Limit(
        runtime=record.runtime,
        precision=cell.precision,
        isa=cell.requested_isa,
        achieved_gops=roofline.achieved_gops,
        best_gops=roofline.best_gops,
        best_over_fp32=over_fp32,
        limit=roofline.limit,
        at_best_rate=roofline.at_best_rate,
        slower_kernels=roofline.slower_kernels,
        pooling=roofline.pooling,
        reorders=roofline.reorders,
        other=roofline.other,
        framework=roofline.framework,
        disturbed=_is_impossible(roofline, over_fp32, record.layout.num_instances),
    )


def _is_impossible(roofline: Roofline, over_fp32: float | None, instances: int) -> bool:
    """Return whether a kernel beats its instructions, or all instances a multiple of their best."""
    beats = over_fp32 and roofline.limit and over_fp32 > MARGIN * roofline.limit
    most = MARGIN * instances * roofline.best_gops
    return bool(beats) or (bool(roofline.best_gops) and roofline.achieved_gops > most)


Key = tuple[str, str, str]


def invalid_rates(record: CompareRecord) -> set[Key]:
    """Return the cells whose images/s, and so their GOP/s, are INVALID."""
    return {key_of(row) for row in record.rows if is_invalid(row.reasons, "offline")}


def key_of(cell: OfCell) -> Key:
    """Return what names a cell."""
    return cell.runtime, cell.precision, cell.isa


def notes(rows: Sequence[Limit], invalid: Collection[Key]) -> list[tuple[str, str]]:
    """Return what the columns mean, and the marks that there are."""
    marks = [INVALID_NOTE] if any(key_of(row) in invalid for row in rows) else []
    marks += [DISTURBED_NOTE] if any(row.disturbed for row in rows) else []
    return [*NOTES, *marks]


def render_limits(
    rows: Sequence[Limit], runtimes: Sequence[str], invalid: Collection[Key] = ()
) -> str:
    """Return the table and what its columns mean; runtimes are named if there are several."""
    named = len(runtimes) > 1
    heads = (*COLUMNS[:2], "runtime", *COLUMNS[2:]) if named else COLUMNS
    lines = [
        (
            *(row.isa, row.precision, *([row.runtime] if named else [])),
            *figures(row, invalid=key_of(row) in invalid),
        )
        for row in rows
    ]
    return f"{aligned([heads, *lines])}\n\n{aligned(notes(rows, invalid))}"


def figures(row: Limit, *, invalid: bool) -> tuple[str, ...]:
    """Return the rates of a cell and where its time goes, as a table has them."""
    fractions = (
        row.at_best_rate,
        row.slower_kernels,
        row.pooling,
        row.reorders,
        row.other,
        row.framework,
    )
    return (
        _gops(row.achieved_gops) + (", INVALID" if invalid else ""),
        _gops(row.best_gops),
        DISTURBED if row.disturbed else _times(row.best_over_fp32),
        _times(row.limit),
        *(f"{fraction:.1%}" for fraction in fractions),
    )


def _gops(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else quantity(value)


def _times(value: float | None) -> str:
    return "-" if value is None else f"{multiple(value)}x"
