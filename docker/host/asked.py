"""What bootstrap.py was asked for, as far as it says what this machine must have for it.

Standard library only: bootstrap.py uses it before anything is installed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# The tasks that have `--runner local`, and those that take an engine in any case.
LOCAL_TASKS = (
    *("doctor", "download", "pipeline", "train", "quantize", "profile", "compare"),
    *("peers", "rehearse"),
)
ENGINE_TASKS = (*LOCAL_TASKS, "export", "test", "lock", "build", "release")
# Whose unit tests pin cores of this machine itself.
TESTING = {"check", "test"}
REBUILD, HELP = "--rebuild", {"--help", "-h"}
# Only says what it would do.
DRY_RUN = ("pipeline", "--dry-run")
WITHOUT = {("--runner", "local"), ("--only", "unit")}


@dataclass(frozen=True, slots=True)
class Asked:
    """The words behind bootstrap.py's own flags: tasks and their flags.

    `engine` is False if the user wants none. Without any task, all that a pipeline takes is meant.
    """

    words: tuple[str, ...] = ()
    engine: bool = True

    @property
    def task(self) -> str:
        """The first task that may need an engine, pipeline if there is none."""
        rebuild = f"verify {REBUILD}" if REBUILD in self.words else "pipeline"
        return next((word for word in self.words if word in ENGINE_TASKS), rebuild)

    @property
    def needs_engine(self) -> bool:
        """Whether a task needs one: each for itself, as a flag is for the task before it alone."""
        if not self.engine or HELP & {*self.words}:
            return False
        needing = sum(word in ENGINE_TASKS for word in self.words)
        spared = self._without_engine() + ({*DRY_RUN} <= {*self.words})
        return not self.words or REBUILD in self.words or needing > spared

    @property
    def runs_here(self) -> bool:
        """Whether something is run by this machine itself, and so pinned by its own numactl."""
        if HELP & {*self.words}:
            return False
        without = self._without_engine() or TESTING & {*self.words}
        wanted = not self.words or {*self.words} & {*ENGINE_TASKS}
        return bool(without or (wanted and not self.engine))

    def _without_engine(self) -> int:
        return sum(pair in WITHOUT for pair in flags_of(self.words))


def flags_of(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each word with the one behind it, and each that has a `=` in its two parts.

    The flags that have a value are among them.
    """
    return [*pairwise(words), *(tuple(word.split("=", 1)) for word in words if "=" in word)]


def or_without_engine(task: str) -> str:
    """Return how to do without an engine, to end a message with; empty if a task can't."""
    name = task.partition(" ")[0]
    if name not in LOCAL_TASKS:
        return ""
    return f", or do without: `./bootstrap.py {name} --runner local`"
