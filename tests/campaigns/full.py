"""A disk that fills up at each point of each stage, and of the commands beside them.

The artifacts folder is a file system in memory, of which so much is left free that the stage can't
write all that it wants to. Needs root.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from docker.host.venv import VenvError
from docker.paths import ROOT
from stages.errors import DiskFullError
from tests.campaigns import containers
from tests.campaigns.folders import STAGES, copied, judge_folders, judge_left_files, snapshots
from tests.campaigns.judging import judge_end
from tests.campaigns.limits import MIB, SmallDisk
from tests.campaigns.processes import descendants, end_all
from tests.campaigns.product import DOCKER, LOCAL, ended, environment, finished, invoke
from tests.campaigns.tries import (
    RUNNING,
    UNCLEAR,
    Bench,
    Case,
    NotTriedError,
    Options,
)

ROOMY = 2048 * MIB
PACKERS, UNPACKERS = ("bundle", "export"), ("bundle", "verify")
FULL = [DiskFullError.exit_code]
# A virtual environment's own size, about; pip's lines say what was short, then.
VENV_BYTES = 120 * MIB
VENV_CODES = [DiskFullError.exit_code, VenvError.exit_code]
# Of 20 tries of a row, this many run the stage itself again, which takes long; others compare.
AGAIN = 4
TMP_BYTES = 2 * MIB


def cases(options: Options) -> Sequence[Case]:
    """Return the tries: of each stage, and of what else writes."""
    rows: list[tuple[str, Callable[[Bench], None]]] = []
    plan: list[Case] = []
    for number in range(options.tries):
        moment, width = number / options.tries, 1 / options.tries
        runner = options.runners[number % len(options.runners)]
        rows = [(stage, FullStage(stage, runner, moment, width)) for stage in STAGES]
        rows += [(f"{task}, output", Beside(task, "", moment, width)) for task in PACKERS]
        rows += [(f"{task}, TMPDIR", Beside(task, "TMPDIR", moment, width)) for task in UNPACKERS]
        rows += [("clean", clean), ("virtual environment", NewClone(moment, width))]
        rows += [(f"/tmp of {stage}", FullTmp(stage, runner, moment)) for stage in STAGES]
        plan += [Case(row, number, run) for row, run in rows]
    return plan


class FullStage:
    """A stage whose artifacts folder is full before it has written everything."""

    def __init__(self, stage: str, runner: str, moment: float, width: float) -> None:
        self.stage, self.runner, self.moment, self.width = stage, runner, moment, width

    def __call__(self, bench: Bench) -> None:
        disk = SmallDisk(bench, bench.folder / "disk", ROOMY)
        root = copied(finished(bench.options, self.runner), disk.folder / "artifacts")
        before = snapshots(root)
        need = sum(path.stat().st_size for path in (root / self.stage).rglob("*"))
        free = int(need * (self.moment + bench.dice.random() * self.width))
        bench.done.append(f"{self.stage} by the {self.runner} runner: {free} of {need} bytes free")
        disk.leave_free(free)
        environ = environment(root, bench.folder / "tmp", self.runner)
        code, output = ended(bench, invoke(self.stage, runner=self.runner), environ)
        if code == 0:
            raise NotTriedError("there was room enough")
        judge_end(bench, code, output, FULL)
        judge_folders(bench, root, before)
        _judge_running(bench, root, self.runner)
        disk.resize(ROOMY)
        again = self.stage if bench.dice.randrange(20) < AGAIN else "compare"
        code, output = ended(bench, invoke(again, runner=self.runner), environ)
        judge_end(bench, code, output, [0])
        judge_left_files(bench, root, bench.folder / "tmp")


class FullTmp:
    """A stage whose /tmp (TMPDIR for the local runner) is full: it is refused, or needs none."""

    def __init__(self, stage: str, runner: str, moment: float) -> None:
        self.stage, self.runner, self.moment = stage, runner, moment

    def __call__(self, bench: Bench) -> None:
        root = copied(finished(bench.options, self.runner), bench.folder / "artifacts")
        before, size = snapshots(root), int(self.moment * TMP_BYTES)
        bench.done.append(f"{self.stage} by the {self.runner} runner: /tmp of {size} bytes")
        environ = environment(root, bench.folder / "tmp", self.runner)
        if self.runner == DOCKER:
            environ |= containers.small_tmp(max(size, 4096), [self.stage], bench.folder)
        else:
            disk = SmallDisk(bench, bench.folder / "small", ROOMY)
            disk.resize(max(size, 4096))
            environ["TMPDIR"] = str(disk.folder)
        code, output = ended(bench, invoke(self.stage, runner=self.runner), environ)
        judge_end(bench, code, output, [0, *FULL])
        judge_folders(bench, root, before, [self.stage])
        _judge_running(bench, root, self.runner)


class Beside:
    """A task that writes one file, or unpacks one to TMPDIR."""

    def __init__(self, task: str, variable: str, moment: float, width: float) -> None:
        self.task, self.variable, self.moment, self.width = task, variable, moment, width

    def __call__(self, bench: Bench) -> None:
        if self.task == "export" and DOCKER not in bench.options.runners:
            raise NotTriedError("an export needs an engine")
        root = finished(bench.options, bench.options.runners[-1])
        environ, made = environment(root, bench.folder / "tmp", LOCAL), bench.folder / "good.tar"
        _must_work(bench, invoke(self._packs, f"--output={made}"), environ)
        disk = SmallDisk(bench, bench.folder / "disk", ROOMY)
        free = int(made.stat().st_size * (self.moment + bench.dice.random() * self.width) * 0.9)
        disk.leave_free(free)
        bench.done.append(f"{self.task}: {free} bytes free")
        argv, small = self._small(bench, disk, made, environ)
        code, output = ended(bench, argv, small)
        judge_end(bench, code, output, FULL)
        # Half a file under the name that was asked for would pass for a whole one.
        if (disk.folder / "out.tar").exists() or (bench.folder / "out.tar").exists():
            bench.fault(UNCLEAR, "a part of the output is left under its name")
        disk.resize(ROOMY)
        code, output = ended(bench, argv, small)
        judge_end(bench, code, output, [0])

    @property
    def _packs(self) -> str:
        return "bundle" if self.task == "verify" else self.task

    def _small(
        self, bench: Bench, disk: SmallDisk, made: Path, environ: dict[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command, and the environment, that make it write to the small disk."""
        output = (bench if self.variable else disk).folder / "out.tar"
        argument = str(made) if self.task == "verify" else f"--output={output}"
        small = {self.variable: str(disk.folder)} if self.variable else {}
        return invoke(self.task, argument), {**environ, **small}


def clean(bench: Bench) -> None:
    """Remove all artifacts from a disk that is full: that must work, and free it."""
    disk = SmallDisk(bench, bench.folder / "disk", ROOMY)
    root = copied(finished(bench.options, bench.options.runners[-1]), disk.folder / "artifacts")
    disk.leave_free(0)
    bench.done.append("clean with no byte free")
    environ = environment(root, bench.folder / "tmp", LOCAL)
    code, output = ended(bench, invoke("clean", "--yes"), environ)
    judge_end(bench, code, output, [0])
    left = [path.name for path in root.iterdir() if path.name in STAGES]
    if left:
        bench.fault(UNCLEAR, f"code 0, but {', '.join(left)} stays")


class NewClone:
    """A fresh clone, on a disk that has no room for its virtual environment."""

    def __init__(self, moment: float, width: float) -> None:
        self.moment, self.width = moment, width

    def __call__(self, bench: Bench) -> None:
        disk = SmallDisk(bench, bench.folder / "disk", ROOMY)
        clone = disk.folder / "clone"
        environ = {**os.environ}
        _must_work(bench, ["git", "clone", "--quiet", str(ROOT), str(clone)], environ)
        free = int(VENV_BYTES * (self.moment + bench.dice.random() * self.width) * 0.9)
        disk.leave_free(free)
        bench.done.append(f"bootstrap in a fresh clone: {free} bytes free")
        argv = [sys.executable, "bootstrap.py", "--no-engine", "version"]
        code, output = ended(bench, argv, environ, clone)
        if code == 0:
            raise NotTriedError("there was room enough")
        judge_end(bench, code, output, VENV_CODES)
        disk.resize(ROOMY)
        code, output = ended(bench, argv, environ, clone)
        judge_end(bench, code, output, [0])


def _must_work(bench: Bench, argv: list[str], environ: dict[str, str]) -> None:
    code, output = ended(bench, argv, environ)
    if code:
        raise NotTriedError(f"{' '.join(argv[:4])} ended with {code}: {output[-200:]}")


def _judge_running(bench: Bench, root: Path, runner: str) -> None:
    left = list(descendants().values())
    left += containers.of_folder(root) if runner == DOCKER else []
    if left:
        bench.fault(RUNNING, "; ".join(left))
        end_all(list(descendants()))
