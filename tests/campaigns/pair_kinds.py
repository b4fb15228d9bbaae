"""What is run at once: two commands, what they share, and what must hold afterwards."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from docker.paths import ROOT
from tests.campaigns.folders import copied
from tests.campaigns.judging import judge_end
from tests.campaigns.product import (
    DOCKER,
    LOCAL,
    RUNNERS,
    ended,
    environment,
    finished,
    invoke,
)
from tests.campaigns.tries import WRONG, Bench, NotTriedError


@dataclass(frozen=True, slots=True)
class One:
    """One of two commands; `folder` is where it runs."""

    argv: list[str]
    environ: dict[str, str]
    folder: Path = ROOT


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commands, the artifacts that they use, and what must hold afterwards."""

    both: tuple[One, One]
    roots: list[Path] = field(default_factory=list)
    also: Callable[[Bench], None] = lambda bench: None
    # For pairs of which one may rightly find nothing to work on.
    empties: bool = False
    # compose keeps the containers that a run depended on, once they have ended.
    by_compose: bool = False


def _copy(bench: Bench, runner: str, name: str = "artifacts") -> Path:
    return copied(finished(bench.options, runner), bench.folder / name)


def _tasks(bench: Bench, runner: str, tasks: tuple[str, str], roots: tuple[Path, Path]) -> Pair:
    """Return a pair of tasks of stages, each with an artifacts folder."""
    ones = [
        One(invoke(task, runner=runner), environment(root, bench.folder / "tmp", runner))
        for task, root in zip(tasks, roots, strict=True)
    ]
    return Pair((ones[0], ones[1]), sorted({*roots}))


def _pipelines(bench: Bench, runner: str) -> Pair:
    root = _copy(bench, runner)
    return _tasks(bench, runner, ("pipeline", "pipeline"), (root, root))


def _compares(bench: Bench, runner: str) -> Pair:
    root = _copy(bench, runner)
    return _tasks(bench, runner, ("compare", "compare"), (root, root))


def _profiles(bench: Bench, runner: str) -> Pair:
    """They want the same cores."""
    roots = _copy(bench, runner), _copy(bench, runner, "other")
    return _tasks(bench, runner, ("profile", "profile"), roots)


def _clones(bench: Bench, runner: str) -> Pair:
    """By the local runner, the second would first install an environment of its own."""
    _require_engine(runner)
    roots = _copy(bench, runner), _copy(bench, runner, "other")
    here, there = _tasks(bench, runner, ("pipeline", "pipeline"), roots).both
    return Pair((here, One(there.argv, there.environ, _clone(bench))), [*roots])


def _first_runs(bench: Bench, runner: str) -> Pair:
    """They want the same virtual environment, which is not there yet."""
    if runner != LOCAL:
        raise NotTriedError("only the local runner makes virtual environments")
    roots = _copy(bench, runner), _copy(bench, runner, "other")
    both = _tasks(bench, runner, ("compare", "compare"), roots).both
    clone = _clone(bench)
    here, there = (One(one.argv, one.environ, clone) for one in both)
    return Pair((here, there), [*roots])


def _builds(bench: Bench, runner: str) -> Pair:
    _require_engine(runner)
    environ = environment(bench.folder / "none", bench.folder / "tmp", runner)
    return Pair((One(invoke("build"), environ), One(invoke("build"), environ)))


def _build_and_pipeline(bench: Bench, runner: str) -> Pair:
    _require_engine(runner)
    root = _copy(bench, runner)
    environ = environment(root, bench.folder / "tmp", runner)
    return Pair((One(invoke("build"), environ), One(invoke("pipeline"), environ)), [root])


def _up_and_invoke(bench: Bench, runner: str) -> Pair:
    _require_engine(runner)
    root = _copy(bench, runner)
    environ = environment(root, bench.folder / "tmp", runner)
    up = One(["docker", "compose", "run", "--rm", "--no-TTY", "compare"], environ)
    return Pair((up, One(invoke("pipeline"), environ)), [root], by_compose=True)


def _bootstraps(bench: Bench, runner: str) -> Pair:
    argv = [sys.executable, "bootstrap.py", "--no-engine", "version"]
    one = One(argv, {**os.environ}, _clone(bench))

    def works(bench: Bench) -> None:
        code, output = ended(bench, argv, one.environ, one.folder)
        judge_end(bench, code, output, [0])

    return Pair((one, one), also=works)


def _bundles(bench: Bench, runner: str) -> Pair:
    root, output = _copy(bench, runner), bench.folder / "bundle.tar"
    environ = environment(root, bench.folder / "tmp", LOCAL)
    one = One(invoke("bundle", f"--output={output}"), environ)

    def verifies(bench: Bench) -> None:
        code, text = ended(bench, invoke("verify", str(output)), environ)
        if code:
            bench.fault(WRONG, f"the bundle that both wrote: {text[-200:]}")

    return Pair((one, one), [root], verifies)


def _clean_and_train(bench: Bench, runner: str) -> Pair:
    root = _copy(bench, runner)
    environ = environment(root, bench.folder / "tmp", runner)
    both = One(invoke("train", runner=runner), environ), One(invoke("clean", "--yes"), environ)
    return Pair(both, [root], empties=True)


def _export_and_train(bench: Bench, runner: str) -> Pair:
    _require_engine(runner)
    root = _copy(bench, runner)
    environ = environment(root, bench.folder / "tmp", runner)
    export = invoke("export", f"--output={bench.folder / 'export.tar.gz'}")
    return Pair((One(invoke("train"), environ), One(export, environ)), [root])


def _fuzzes(bench: Bench, runner: str) -> Pair:
    environ = environment(bench.folder / "none", bench.folder / "tmp", LOCAL)
    code, _ = ended(bench, [sys.executable, "-m", "invoke", "--help", "fuzz"], environ)
    if code:
        raise NotTriedError("there is no task fuzz")
    # Enough for both to be at work at the same time; what fuzz finds is its own matter.
    one = One(invoke("fuzz", "--examples=100"), environ)
    return Pair((one, one))


def _clone(bench: Bench) -> Path:
    clone = bench.folder / "clone"
    code, output = ended(bench, ["git", "clone", "--quiet", str(ROOT), str(clone)], {**os.environ})
    if code:
        raise NotTriedError(f"no clone: {output[-200:]}")
    return clone


def _require_engine(runner: str) -> None:
    if runner != DOCKER:
        raise NotTriedError("this pair needs an engine")


# By row of the table, how a pair is made, and by which runners it can be.
KINDS: dict[str, tuple[Callable[[Bench, str], Pair], tuple[str, ...]]] = {
    "two pipelines, one folder": (_pipelines, RUNNERS),
    "two profiles, two folders": (_profiles, RUNNERS),
    "two pipelines, two clones": (_clones, (DOCKER,)),
    "two first runs, one fresh clone": (_first_runs, (LOCAL,)),
    "build and build": (_builds, (DOCKER,)),
    "build and pipeline": (_build_and_pipeline, (DOCKER,)),
    "compose up and invoke": (_up_and_invoke, (DOCKER,)),
    "two bootstraps, one fresh clone": (_bootstraps, RUNNERS),
    "two bundles, one output": (_bundles, RUNNERS),
    "clean and train": (_clean_and_train, RUNNERS),
    "export and train": (_export_and_train, (DOCKER,)),
    "two compares, one folder": (_compares, RUNNERS),
    "two fuzz": (_fuzzes, RUNNERS),
}
