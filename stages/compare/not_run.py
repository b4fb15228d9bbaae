"""The lines for the cells that were not run, grouped by reason."""

from collections.abc import Collection, Iterable, Sequence, Sized

from stages.common.reasons import MEASURED_IF_ASKED
from stages.common.text import aligned
from stages.compare.rehearsed import NOTHING, Rehearsed, lacks_amx
from stages.isa import can_stand_in
from stages.records.compare import CompareRecord, NotRun

# What a group of cells has in common, as three of: precision, runtimes, isas, reason.
Key = tuple[str, str, str]
HINT = (
    "  not rehearsed:",
    "`invoke rehearse` shows which kernels AMX's cells run, and what they answer",
)


def was_not_asked_for(cell: NotRun) -> bool:
    """Return whether a cell can run here, and is left out unless it is asked for."""
    return cell.reason.endswith(MEASURED_IF_ASKED)


def render_not_run(record: CompareRecord, rehearsed: Rehearsed = NOTHING) -> str:
    """Return the rows of `not_run_rows` as lines, which may be long."""
    return aligned(not_run_rows(record, rehearsed))


def not_run_rows(record: CompareRecord, rehearsed: Rehearsed = NOTHING) -> list[tuple[str, str]]:
    """Return each reason behind the precisions, isas and runtimes that it applies to.

    Isas, or runtimes, are left out if they are all that there are. What was rehearsed of cells that
    lack AMX follows the line that they are in.
    """
    all_isas = {row.isa for row in record.rows} | {cell.isa for cell in record.impossible}
    by_runtime = _grouped(
        ((cell.precision, cell.reason, cell.runtime), cell.isa) for cell in record.impossible
    )
    by_isas = _grouped(
        ((precision, reason, _unless_all(isas, all_isas)), runtime)
        for (precision, reason, runtime), isas in by_runtime.items()
    )
    by_reason = _grouped(
        ((reason, isas, _unless_all(runtimes, record.versions)), precision)
        for (precision, reason, isas), runtimes in by_isas.items()
    )
    rows: list[tuple[str, str]] = []
    for (reason, isas, runtimes), precisions in by_reason.items():
        rows.append((" ".join(filter(None, ("not run:", *precisions, isas, runtimes))), reason))
        cells = [cell for cell in record.impossible if cell.reason == reason]
        rows += _rehearsed(cells, precisions, runtimes or record.versions, rehearsed)
    if _might_rehearse(record, rehearsed):
        rows.append(HINT)
    return rows


def _might_rehearse(record: CompareRecord, rehearsed: Rehearsed) -> bool:
    """Return whether cells lack AMX that this CPU could rehearse, and nothing was."""
    lacking = any(map(lacks_amx, record.impossible))
    found = any(map(rehearsed.of, record.impossible))
    return lacking and not found and can_stand_in(frozenset(record.host.cpu_flags))


def _rehearsed(
    cells: Sequence[NotRun],
    precisions: Sequence[str],
    runtimes: str | Collection[str],
    rehearsed: Rehearsed,
) -> list[tuple[str, str]]:
    """Return a line for each of these cells, of the group that has these names, that has one."""
    found = [
        (f"  {cell.precision} by {cell.runtime}:", rehearsed.of(cell))
        for cell in cells
        if cell.precision in precisions and cell.runtime in runtimes
    ]
    return [(name, text) for name, text in found if text]


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return by key the names of all pairs that have it, in order."""
    groups: dict[Key, list[str]] = {}
    for key, name in pairs:
        groups.setdefault(key, []).append(name)
    return groups


def _unless_all(names: Sequence[str], everything: Sized) -> str:
    """Return the names in one line, empty if they are all that there are."""
    return "" if len(names) == len(everything) else " ".join(names)
