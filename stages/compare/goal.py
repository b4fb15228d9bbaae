"""Which ratios of a table are not known as closely as profile was to know them."""

from collections.abc import Iterator

from stages.common.figures import percent, percent_beside
from stages.common.stats import spread
from stages.compare.cautions import had_one_round
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row
from stages.records.profile import ProfileRecord

REMEDY = "`invoke profile --more compare` adds rounds"


def goal_of(record: ProfileRecord) -> float | None:
    """Return half the width that a ratio was to have, as a fraction; None with fixed rounds."""
    made = record.maker.settings
    goal = made.get("precision_goal")
    if made.get("rounds") or record.strict or not isinstance(goal, float):
        return None
    return goal


def goal_rows(record: CompareRecord) -> Iterator[tuple[str, str]]:
    """Yield a name and a text for each run that has ratios wider than its goal."""
    for runtime, goal in record.precision_goals.items():
        rows = [row for row in record.rows if row.runtime == runtime]
        wide = [
            f"{name} ±{percent_beside(spread(ratio), goal, digits=1)}"
            for ratio, name in _named(rows, record.isa_reference).items()
            if spread(ratio) > goal
        ]
        if wide and not had_one_round(record, runtime):
            named = f" {runtime}" if len(record.versions) > 1 else ""
            yield f"ratios wider than ±{percent(goal)}{named}", f"{', '.join(wide)}: {REMEDY}"


def _named(rows: list[Row], reference: str) -> dict[Interval, str]:
    """Return each ratio once, with its name; a cell with the figures of another has its ratios."""
    ratios: dict[Interval, str] = {}
    for row in rows:
        for ratio, against in (
            (row.precision_speedup, f"fp32 at {row.isa}"),
            (row.isa_speedup, f"{row.precision} at {reference}"),
        ):
            if ratio:
                ratios.setdefault(ratio, f"{row.precision} at {row.isa} over {against}")
    return ratios
