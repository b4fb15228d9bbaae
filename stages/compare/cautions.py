"""What a picture must say about its figures, so that it misleads nobody who sees it alone."""

from collections.abc import Sequence

from stages.precisions import get_precision
from stages.records.compare import CompareRecord, Row
from stages.records.profile import ModelSummary

SEE = "see compare.log"
# The figure that each scenario gives.
FIGURES = {"offline": "throughput", "single_stream": "latency"}


def run_caution(record: CompareRecord) -> str:
    """Return which runs are not to be trusted, empty if all are."""
    runtimes = [repeat.runtime for repeat in record.repeats if not repeat.trusted]
    if not runtimes:
        return ""
    return _untrusted(f" by {' and '.join(runtimes)}" if len(record.versions) > 1 else "")


def models_caution(record: CompareRecord, runtime: str, summaries: Sequence[ModelSummary]) -> str:
    """Return that the run is not to be trusted, or which of the models' figures are invalid."""
    if any(not repeat.trusted for repeat in record.repeats if repeat.runtime == runtime):
        return _untrusted()
    cells = {(summary.precision, summary.isa) for summary in summaries}
    invalid = [
        f"{figure} of {get_precision(row.precision).label}"
        for row in record.rows
        if row.runtime == runtime and (row.precision, row.isa) in cells
        for scenario, figure in FIGURES.items()
        if is_invalid(row, scenario)
    ]
    return f"INVALID: {', '.join(invalid)}; {SEE}" if invalid else ""


def is_invalid(row: Row, scenario: str) -> bool:
    """Return whether the verdict on a cell has a reason that is about `scenario`."""
    return any(reason.scenario == scenario for reason in row.reasons)


def _untrusted(which: str = "") -> str:
    return f"this run{which} is not to be trusted: {SEE}"
