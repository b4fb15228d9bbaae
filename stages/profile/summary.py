"""The line that closes the stage."""

from stages.common.figures import counted
from stages.common.headline import headline, not_trusted
from stages.common.summaries import measurements, summaries
from stages.common.text import when_all
from stages.records.profile import ProfileRecord


def closing_line(record: ProfileRecord) -> str:
    """Return the line that sums up the stage for a person."""
    models, measured = summaries(record), f"measured {when_all(record.parts)}"
    if models:
        return f"profile: {headline(models, measured)}"
    cells = counted(len(measurements(record)), "cell")
    doubts = [] if record.repeat.trusted else [not_trusted(record.repeat.reasons)]
    return f"profile: {'; '.join([cells, measured, *doubts])}"
