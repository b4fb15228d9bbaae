"""Runs that are ended by force: each kind of kill, at each stage, by both runners.

The moments are spread over the time that the stage takes, more of them early in long stages.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.campaigns import containers
from tests.campaigns.folders import (
    STAGES,
    Snapshot,
    copied,
    judge_folders,
    judge_left_files,
    snapshots,
)
from tests.campaigns.judging import CAUGHT, judge_end, judge_output
from tests.campaigns.limits import MIB, memory_group
from tests.campaigns.processes import Command, descendants, end_all
from tests.campaigns.product import (
    DOCKER,
    LOCAL,
    durations,
    ended,
    environment,
    finished,
    invoke,
    locks,
    started,
)
from tests.campaigns.tries import RUNNING, UNCLEAR, WRONG, Bench, Case, NotTriedError, Options

SIGNALS = {name: int(signal.Signals[name]) for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGKILL")}
CLOSED, ENGINE, MEMORY = "terminal closed", "docker kill", "memory limit"
KINDS = (*SIGNALS, CLOSED, ENGINE, MEMORY)
# Quick stages come more often: with each kind and runner, three tries for two of a long one.
TURNS = (*STAGES, *STAGES, "compare", "train")
LONG = ("quantize", "profile")
# Below what each stage needs, so that it is ended while it loads, or while it works.
MEMORY_MIB = {"train": 700, "quantize": 1200, "profile": 1200, "compare": 120}
# A process of the local runner is in one group with invoke, which needs this much itself.
MIN_MEMORY_MIB = {LOCAL: 80, DOCKER: 24}
# Before that, no program can have arranged to catch a signal.
STARTING_S = 1.0
# Within what all must have ended, in seconds.
CAUGHT_S, KILLED_S = 5.0, 12.0
MAX_REPEATS = 5
# With a little too little memory the kernel ends nothing, but reads programs again and again.
THRASHING_S = 150.0
# Where containers lock the cores that they measure on: now, and before.
SHARED_LOCKS = (Path("/dev/shm/vgg19-locks"), Path("/dev/shm"))


def cases(options: Options) -> Sequence[Case]:
    """Return the tries of all kinds, the first of each kind first."""
    plan = [case for kind in KINDS for case in _of_kind(kind, options)]
    return sorted(plan, key=lambda case: case.number)


def _of_kind(kind: str, options: Options) -> Iterator[Case]:
    runners = [runner for runner in options.runners if kind != ENGINE or runner == DOCKER]
    for number in range(options.tries if runners else 0):
        runner = runners[number % len(runners)]
        stage = TURNS[number // len(runners) % len(TURNS)]
        moment = number / options.tries
        yield Case(kind, number, Kill(kind, runner, stage, moment, 1 / options.tries))


class Kill:
    """One kill; `moment` to `moment + width` is the fraction of the stage's time it falls in."""

    def __init__(self, kind: str, runner: str, stage: str, moment: float, width: float) -> None:
        self.kind, self.runner, self.stage = kind, runner, stage
        self.moment, self.width = moment, width
        self._starting = False

    def __call__(self, bench: Bench) -> None:
        source = finished(bench.options, self.runner)
        root = copied(source, bench.folder / "artifacts")
        before = snapshots(root)
        self._until_it_hits(bench, root)
        judge_folders(bench, root, before, [self.stage], at_once=True)
        self._judge_next(bench, root, before)
        _judge_locks(bench, self.runner)
        judge_folders(bench, root, before, [self.stage, "compare"])
        # What a process that was killed by SIGKILL had in TMPDIR, nobody can remove.
        caught = self.kind in ("SIGTERM", "SIGHUP", "SIGINT", CLOSED)
        judge_left_files(bench, root, bench.folder / "tmp" if caught else None)

    def _until_it_hits(self, bench: Bench, root: Path) -> None:
        """Run the stage and end it; earlier, if it ended by itself before that."""
        fraction = self.moment + bench.dice.random() * self.width
        if self.stage in LONG:
            fraction **= 2
        whole = durations(bench.options, self.runner)[self.stage]
        for _ in range(MAX_REPEATS):
            if self._hits(bench, root, fraction * whole):
                return
            fraction *= 0.8
        raise NotTriedError("the run had always ended before it was to be ended")

    def _hits(self, bench: Bench, root: Path, seconds: float) -> bool:
        """Run the stage, end it after some seconds; return whether it was still running."""
        environ, cgroup = environment(root, bench.folder / "tmp", self.runner), None
        if self.kind == MEMORY:
            seconds = 0.0
            limit = int(bench.dice.uniform(MIN_MEMORY_MIB[self.runner], MEMORY_MIB[self.stage]))
            limit *= MIB
            what = f"{limit // MIB} MiB"
            if self.runner == LOCAL:
                cgroup = memory_group(bench, limit)
            else:
                environ |= containers.limited(limit, [self.stage], bench.folder)
        else:
            what = f"{seconds:.2f} s"
        argv = invoke(self.stage, runner=self.runner)
        bench.done.append(f"{self.kind} of {self.stage} by the {self.runner} runner: {what}")
        with started(bench, argv, environ, self.kind == CLOSED, cgroup) as command:
            return self._end(bench, command, root, seconds)

    def _end(self, bench: Bench, command: Command, root: Path, seconds: float) -> bool:
        if self.kind == MEMORY:
            code = command.code_within(THRASHING_S)
            if code is None:
                bench.done.append("too little to go on, enough not to be killed")
                self._clean_up(root)
                return False
            if code in (0, -signal.SIGKILL):
                bench.done.append("memory sufficed" if code == 0 else "invoke was killed, too")
                return False
        elif self.kind == ENGINE:
            if not self._kill_container(command, root, seconds):
                return False
        elif command.code_within(seconds) is not None:
            return False
        elif self.kind == CLOSED:
            self._starting = seconds < STARTING_S and len(descendants()) < 2
            command.close_terminal()
        else:
            group = bench.dice.random() < 0.5
            self._starting = seconds < STARTING_S and len(descendants()) < 2
            bench.done.append("to its group" if group else "to it alone")
            command.kill(SIGNALS[self.kind], group)
        self._judge_end(bench, command, root)
        return True

    def _kill_container(self, command: Command, root: Path, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while command.code_within(0.05) is None:
            names = containers.of_folder(root)
            if names and time.monotonic() > until:
                containers.kill(names[0])
                return True
        return False

    def _judge_end(self, bench: Bench, command: Command, root: Path) -> None:
        """Judge what is left after its time, and how it ended."""
        by_kernel = self.kind == "SIGKILL"
        until = time.monotonic() + (KILLED_S if by_kernel else CAUGHT_S)
        while (code := command.code_within(0.1)) is None or self._left(root):
            if time.monotonic() > until:
                break
        left = self._left(root)
        # The container of a run by SIGKILL must only be named by the next command.
        orphans = containers.of_folder(root) if by_kernel and self.runner == DOCKER else []
        if (left and not orphans) or code is None:
            bench.fault(RUNNING, "; ".join(left) or "invoke itself")
        if not orphans:
            self._clean_up(root)
        code = command.code_within(5.0)
        output = command.output
        bench.codes.append(-1 if code is None else code)
        bench.printed(output)
        judge_output(bench, output)
        self._judge_code(bench, code, output)

    def _judge_code(self, bench: Bench, code: int | None, output: str) -> None:
        number = signal.SIGHUP if self.kind == CLOSED else SIGNALS.get(self.kind, 0)
        if self._starting and code == -number:
            return
        if number in CAUGHT and code != CAUGHT[number]:
            bench.fault(UNCLEAR, f"code {code}, not {CAUGHT[number]}")
        if self.kind in (ENGINE, MEMORY):
            word = "memory" if self.kind == MEMORY else "kill"
            if not code or code == 70 or not (word in output or "137" in output):
                bench.fault(UNCLEAR, f"code {code}, and no line with {word!r}")

    def _left(self, root: Path) -> list[str]:
        """Return what runs of this try: processes, and containers."""
        left = [f"{pid} {line}" for pid, line in descendants().items()]
        return left + (containers.of_folder(root) if self.runner == DOCKER else [])

    def _clean_up(self, root: Path) -> None:
        end_all(list(descendants()))
        if self.runner == DOCKER:
            containers.remove(containers.of_folder(root))

    def _judge_next(self, bench: Bench, root: Path, before: dict[str, Snapshot]) -> None:
        """Run the next command: it must name what still runs, else work or be refused clearly."""
        environ = environment(root, bench.folder / "tmp", self.runner)
        orphans = containers.of_folder(root) if self.runner == DOCKER else []
        code, output = ended(bench, invoke("compare", runner=self.runner), environ)
        if orphans:
            still = [name for name in orphans if name in containers.of_folder(root)]
            if still and not any(name in output for name in still):
                bench.fault(RUNNING, f"{still[0]}, and the next command does not name it")
            self._clean_up(root)
            code, output = ended(bench, invoke("compare", runner=self.runner), environ)
        judge_end(bench, code, output)
        if code == 0:
            _judge_result(bench, root, before)


def _judge_result(bench: Bench, root: Path, before: dict[str, Snapshot]) -> None:
    """The same profile must give the same comparison."""
    now = snapshots(root)
    same = now.get("profile") == before["profile"]
    if same and now["compare"].get("compare.log") != before["compare"]["compare.log"]:
        bench.fault(WRONG, "the same profile gives another compare.log")


def _judge_locks(bench: Bench, runner: str) -> None:
    folders = [locks(bench.folder / "tmp")] if runner == LOCAL else SHARED_LOCKS
    for path in [path for folder in folders for path in sorted(folder.glob("*core*"))]:
        lock = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            bench.fault(RUNNING, f"{path.name} is held: {path.read_text(errors='replace')[:100]}")
        finally:
            os.close(lock)
