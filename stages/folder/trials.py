"""The trials of a quantize that has not ended: kept whole, one by one, for the next run to go on.

They are in a folder for each runtime, which is there until the stage has handed over.
"""

from contextlib import suppress

from stages.artifacts import Artifacts
from stages.files import left_overs, trees
from stages.folder.usable import require_replaceable
from stages.runtimes import RUNTIME_NAMES


def prepare(artifacts: Artifacts, runtime: str) -> None:
    """Make the folder of a runtime's trials if it is not there."""
    trees.make_folder(artifacts.trials)
    trees.make_folder(artifacts.trials_of(runtime))


def discard(artifacts: Artifacts, runtime: str) -> None:
    """Remove a runtime's trials, if there are any.

    Raises NotWritableError if there is something that no stage made; then all stays.
    """
    if artifacts.trials_of(runtime).is_dir():
        require_replaceable(artifacts.trials)
        left_overs.discard(artifacts.trials_of(runtime))
    with suppress(OSError):  # the other runtime's are there, or none ever were
        artifacts.trials.rmdir()


def clear(artifacts: Artifacts) -> None:
    """Remove what a killed command left of a trial that it was making, or removing."""
    if artifacts.trials.is_dir():
        left_overs.clear(artifacts.trials)
    for runtime in RUNTIME_NAMES:
        if (folder := artifacts.trials_of(runtime)).is_dir():
            left_overs.clear(folder)
