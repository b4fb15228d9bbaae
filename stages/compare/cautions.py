"""What a picture must say of its figures, so that it misleads nobody who sees it alone."""

from collections.abc import Sequence

from stages.precisions import get_precision
from stages.records.compare import CompareRecord, Row
from stages.records.profile import ModelSummary

SEE = "see compare.log"
# The figure that comes from each scenario.
FIGURES = {"offline": "throughput", "single_stream": "latency"}


def of_run(record: CompareRecord) -> str:
    """Return which runs are not to be trusted, empty where all are."""
    names = [each.runtime for each in record.repeats if not each.trusted]
    if not names:
        return ""
    return _untrusted(f" by {' and '.join(names)}" if len(record.versions) > 1 else "")


def of_models(record: CompareRecord, runtime: str, summaries: Sequence[ModelSummary]) -> str:
    """Return which figures of these models are invalid, or that their run is in doubt."""
    if any(not each.trusted for each in record.repeats if each.runtime == runtime):
        return _untrusted()
    cells = {(each.precision, each.isa) for each in summaries}
    found = [
        f"{figure} of {get_precision(row.precision).label}"
        for row in record.rows
        if row.runtime == runtime and (row.precision, row.isa) in cells
        for scenario, figure in FIGURES.items()
        if is_invalid(row, scenario)
    ]
    return f"INVALID: {', '.join(found)}; {SEE}" if found else ""


def is_invalid(row: Row, scenario: str) -> bool:
    """Tell whether the verdict on a cell has a reason that is about a scenario."""
    return any(reason.scenario == scenario for reason in row.reasons)


def _untrusted(which: str = "") -> str:
    return f"this run{which} is not to be trusted: {SEE}"
