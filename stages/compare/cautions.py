"""What must be said beside figures, so that they mislead nobody who sees them alone."""

from collections.abc import Sequence

from stages.common.text import NO_INTERVAL, is_of_one_round
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
    which = f" by {' and '.join(runtimes)}" if len(record.versions) > 1 else ""
    return f"{_untrusted(record, runtimes, which)}: {SEE}"


def models_caution(record: CompareRecord, runtime: str, summaries: Sequence[ModelSummary]) -> str:
    """Return what a picture of the models must say, empty if there is no doubt about them."""
    doubt = models_doubt(record, runtime, summaries)
    return f"{doubt}: {SEE}" if doubt else ""


def models_doubt(record: CompareRecord, runtime: str, summaries: Sequence[ModelSummary]) -> str:
    """Return that the run is not to be trusted, or which of the models' figures are invalid."""
    if not is_trusted(record, runtime):
        return _untrusted(record, [runtime])
    cells = {(summary.precision, summary.isa) for summary in summaries}
    invalid = [
        f"{figure} of {get_precision(row.precision).label}"
        for row in record.rows
        if row.runtime == runtime and (row.precision, row.isa) in cells
        for scenario, figure in FIGURES.items()
        if is_invalid(row, scenario)
    ]
    return f"INVALID: {', '.join(invalid)}" if invalid else ""


def is_trusted(record: CompareRecord, runtime: str) -> bool:
    """Return whether the run of a runtime can be relied on."""
    return all(repeat.trusted for repeat in record.repeats if repeat.runtime == runtime)


def had_one_round(record: CompareRecord, runtime: str) -> bool:
    """Return whether each cell of a runtime was timed once, so that it has no interval."""
    own = (repeat for repeat in record.repeats if repeat.runtime == runtime)
    return any(is_of_one_round(repeat.reasons) for repeat in own)


def is_invalid(row: Row, scenario: str) -> bool:
    """Return whether the verdict on a cell has a reason that is about `scenario`."""
    return any(reason.scenario == scenario for reason in row.reasons)


def _untrusted(record: CompareRecord, runtimes: Sequence[str], which: str = "") -> str:
    once = any(had_one_round(record, runtime) for runtime in runtimes)
    return f"this run{which} is not to be trusted{f' ({NO_INTERVAL})' if once else ''}"
