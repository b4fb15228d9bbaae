"""What bootstrap.py was asked for, as far as it says what this machine must have for it.

Standard library only: bootstrap.py uses it before anything is installed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from stages.errors import SettingsError
from stages.setting.addresses import name_in
from stages.setting.suggestion import quoted

# The tasks that have `--runner`, and those that take an engine in any case.
LOCAL_TASKS = (
    *("doctor", "download", "pipeline", "train", "quantize", "profile", "compare"),
    *("peers", "rehearse", "submit", "sweep"),
)
ENGINE_TASKS = (*LOCAL_TASKS, "notebook", "export", "test", "lock", "build", "release")
TASKS = (
    *(*ENGINE_TASKS, "audit", "bundle", "cancel", "check", "clean", "diff", "docs", "env"),
    *("fuzz", "history", "jobs", "lint", "list", "publish", "schema", "verify", "version"),
)
# Those behind which a word is needed that is no task.
WITH_WORD = ("diff", "publish", "release", "schema", "verify")
# Those of them behind which all words are their own; publish needs none.
WITH_WORDS = ("diff", "publish")
# Flags without a value. Behind any other stands one, which may be called as a task is.
SWITCHES = frozenset(
    (
        *(
            "--help",
            "-h",
            "--again",
            "--all-cells",
            "--dry-run",
            "--force-bf16",
            "--images",
            "--long",
        ),
        *("--mlflow", "--more", "--quiet", "--verbose"),
        *("--no-bf16", "--rebuild", "--strict", "--write", "--yes", "--complete", "--debug", "-d"),
        *("--dry", "-R", "--echo", "-e", "--no-dedupe", "--prompt-for-sudo-password", "--pty"),
        *("-p", "--version", "-V", "--warn-only", "-w", "--write-pyc"),
    )
)
# The flag by which bootstrap.py itself asks nothing, and the one task that has it, too.
YES, ASKING = "--yes", "clean"
RUNNERS = DOCKER, APPTAINER, LOCAL = ("docker", "apptainer", "local")
# The flag by which a task takes another machine's engine.
HOST = "--host"
# Whose unit tests pin cores of this machine itself.
TEST = "test"
TESTING = {"check", TEST}
REBUILD, HELP = "--rebuild", {"--help", "-h"}
# Only says what it would do.
DRY_RUN = ("pipeline", "--dry-run")
# What makes a task do without an engine, and which of it runs programs of this machine itself.
IN_APPTAINER = {("--runner", APPTAINER)}
HERE = {("--runner", LOCAL), ("--only", "unit"), ("--only", "slurm")}


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
        return next((name for name in tasks_of(self.words) if name in ENGINE_TASKS), rebuild)

    @property
    def needs_engine(self) -> bool:
        """Whether a task needs one: each for itself, as a flag is for the task before it alone."""
        if not self.engine or HELP & {*self.words}:
            return False
        needing = sum(name in ENGINE_TASKS for name in tasks_of(self.words))
        spared = self._count(HERE | IN_APPTAINER) + self._elsewhere()
        spared += {*DRY_RUN} <= {*self.words}
        return not self.words or REBUILD in self.words or needing > spared

    @property
    def makes_images(self) -> bool:
        """Whether a task may make images: on this machine's engine, or on another's."""
        return self.needs_engine or (self._elsewhere() > 0 and not HELP & {*self.words})

    @property
    def runs_here(self) -> bool:
        """Whether something is run by this machine itself, and so pinned by its own numactl."""
        if HELP & {*self.words}:
            return False
        tasks = {*tasks_of(self.words)}
        here = self._count(HERE) or TESTING & tasks
        wanted = not self.words or tasks & {*ENGINE_TASKS}
        without = not self.engine and not self._count(IN_APPTAINER)
        return bool(here or (wanted and without))

    @property
    def starts_slurm(self) -> bool:
        """Whether the tests that start a Slurm are run, alone or among all."""
        return self._tests("slurm")

    @property
    def starts_sshd(self) -> bool:
        """Whether the tests that start an sshd are run, alone or among all."""
        return self._tests("remote")

    def _tests(self, kind: str) -> bool:
        if HELP & {*self.words} or TEST not in tasks_of(self.words):
            return False
        only = [value for flag, value in flags_of(self.words) if flag == "--only"]
        return not only or kind in only

    def _elsewhere(self) -> int:
        return sum(pair[0] == HOST for pair in flags_of(self.words))

    def _count(self, pairs: Collection[tuple[str, ...]]) -> int:
        return sum(pair in pairs for pair in flags_of(self.words))


def tasks_of(words: Sequence[str]) -> list[str]:
    """Return the words that stand where invoke takes each for a task, whether there is one or not.

    Flags and their values are none, nor is what stands behind a task that needs a word.
    """
    tasks: list[str] = []
    value_is_next, about = False, ""
    for word in takewhile(lambda word: word != "--", words):
        if word.startswith("-"):
            value_is_next = "=" not in word and word not in SWITCHES
        elif value_is_next:
            value_is_next = False
        elif about:
            about = about if about in WITH_WORDS else ""
        else:
            tasks.append(word)
            about = word if word in WITH_WORD else ""
    return tasks


def refuse_slips(words: Sequence[str]) -> None:
    """Raise SettingsError for a task or a runner that there is not, before anything is installed.

    invoke says so, too, but only once it is there. So is a `--yes` that comes too late.
    """
    tasks = tasks_of(words)
    for name in tasks:
        if name not in TASKS:
            shown = quoted(name_in(name), TASKS)
            raise SettingsError(f"there is no task {shown}; plain `./bootstrap.py` lists all")
    if tasks and YES in words and ASKING not in tasks:
        raise SettingsError(f"{YES} comes before the tasks: `./bootstrap.py {YES} {tasks[0]} ...`")
    for flag, value in flags_of(words):
        if flag == "--runner":
            require_runner(value)


def require_runner(name: str, runners: Collection[str] = RUNNERS) -> None:
    """Raise SettingsError if there is no such runner."""
    if name not in runners:
        shown = quoted(name, runners)
        raise SettingsError(f"runner can't be {shown}; give {' or '.join(runners)}")


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
