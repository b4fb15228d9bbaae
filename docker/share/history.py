"""The history of measurements as text: it reads JSON, and takes neither engine nor network."""

from pathlib import Path

from stages.folder.access import reading
from stages.history.runs import chosen, read_runs
from stages.history.table import compared, listed


def history_text(folder: Path, compare: str) -> str:
    """Return the list of the measurements in an artifacts folder, or two of them side by side.

    `compare` names the two as `chosen` reads it; empty, it is the list. Raises what `read_runs`,
    `chosen` and `compared` raise, and ArtifactsBusyError while a stage runs.
    """
    with reading(folder, "history") as artifacts:
        runs = read_runs(artifacts)
    return compared(*chosen(runs, compare)) if compare else listed(runs)
