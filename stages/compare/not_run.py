"""The lines for the cells that could not run, grouped by reason."""

from collections.abc import Iterable, Sequence, Sized

from stages.common.text import aligned
from stages.records.compare import CompareRecord

# What a group of cells has in common, as three of: precision, runtimes, isas, reason.
Key = tuple[str, str, str]


def render_not_run(record: CompareRecord) -> str:
    """Return a line for each reason with the precisions, isas and runtimes that it applies to.

    Isas, or runtimes, are left out if they are all that there are.
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
    return aligned(
        [
            (" ".join(filter(None, ("not run:", *precisions, isas, runtimes))), reason)
            for (reason, isas, runtimes), precisions in by_reason.items()
        ]
    )


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return by key the names of all pairs that have it, in order."""
    groups: dict[Key, list[str]] = {}
    for key, name in pairs:
        groups.setdefault(key, []).append(name)
    return groups


def _unless_all(names: Sequence[str], everything: Sized) -> str:
    """Return the names in one line, empty if they are all that there are."""
    return "" if len(names) == len(everything) else " ".join(names)
