"""The product as a user starts it, and the artifacts of a whole small pipeline, made once."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from random import Random

from docker.paths import ROOT
from stages.setting.values import PRODUCTS
from stages.settings import ENV_PREFIX, env_name
from tests.campaigns.folders import STAGES, copied
from tests.campaigns.processes import Command
from tests.campaigns.tries import Bench, Options
from tests.smallest import smallest

LOCAL, DOCKER = RUNNERS = ("local", "docker")
DURATIONS = "seconds.json"
# The longest that any command of the smallest pipeline may take, in seconds.
LIMIT_S = 1800.0


def environment(artifacts: Path, temporary: Path, runner: str) -> dict[str, str]:
    """Return the environment of a command: the smallest pipeline's, with folders of its own.

    What is there already is made again, so that there is something to disturb.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ENV_PREFIX)}
    temporary.mkdir(exist_ok=True)
    own = {env_name("artifacts"): str(artifacts), "TMPDIR": str(temporary)}
    own[env_name("force")] = ",".join(PRODUCTS)
    if runner == LOCAL:  # containers have theirs at a place that compose.yaml fixes
        own[env_name("locks")] = str(locks(temporary))
    return {**kept, **smallest(), **own}


def locks(temporary: Path) -> Path:
    """Return the folder of the core locks of commands of the local runner."""
    folder = temporary.with_name("locks")
    folder.mkdir(exist_ok=True)
    return folder


def invoke(task: str, *arguments: str, runner: str = "", python: str = sys.executable) -> list[str]:
    """Return the command line of a task."""
    chosen = [f"--runner={runner}"] if runner else []
    return [python, "-m", "invoke", task, *chosen, *arguments]


@contextmanager
def started(
    bench: Bench,
    argv: list[str],
    environ: Mapping[str, str],
    terminal: bool = False,
    cgroup: Path | None = None,
    folder: Path = ROOT,
) -> Iterator[Command]:
    """Start a command of a try."""
    output = bench.folder / f"output-{len(list(bench.folder.glob('output-*')))}.txt"
    command = Command(argv, folder, output, environ, terminal, cgroup)
    try:
        yield command
    finally:
        command.close()


def ended(
    bench: Bench, argv: list[str], environ: Mapping[str, str], folder: Path = ROOT
) -> tuple[int, str]:
    """Run a command to its end; return its exit code and all that it printed."""
    with started(bench, argv, environ, folder=folder) as command:
        code = command.code_within(LIMIT_S)
        if code is None:
            command.kill(9, group=True)
            code = command.code_within(10)
        return -9 if code is None else code, command.output


def finished(options: Options, runner: str) -> Path:
    """Return the artifacts of a whole pipeline by `runner`, which is run if it was not yet."""
    if options.artifacts:
        return options.artifacts
    folder = options.folder / "finished" / runner
    bench = _bench(folder, options)
    if not (folder / DURATIONS).is_file():
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True, exist_ok=True)
        environ = environment(artifacts, folder / "tmp", runner)
        print(f"campaigns: a whole pipeline by the {runner} runner", flush=True)
        _must_end_well(bench, invoke("pipeline", runner=runner), environ)
        _learn_durations(bench, artifacts, runner)
    return folder / "artifacts"


@lru_cache
def bundle(options: Options, runner: str) -> Path:
    """Return a bundle of the finished artifacts, by the product's own command."""
    folder = options.folder / "finished" / runner / f"bundle-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    environ = environment(finished(options, runner), folder / "tmp", LOCAL)
    _must_end_well(_bench(folder, options), invoke("bundle", f"--output={folder}.tar"), environ)
    shutil.rmtree(folder)
    return folder.with_name(f"{folder.name}.tar")


def prepare(options: Options) -> None:
    """Make all that the tries share, before several of them run at once."""
    runner = options.runners[-1]
    bundle(options, runner)
    folder = options.folder / "finished" / runner / "prepared"
    shutil.rmtree(folder, ignore_errors=True)
    bench = _bench(folder, options)
    root = copied(finished(options, runner), folder / "artifacts")
    # With this, the local runner makes its virtual environment, and the other its images.
    environ = environment(root, folder / "tmp", runner)
    _must_end_well(bench, invoke("compare", runner=runner), environ)


def durations(options: Options, runner: str) -> dict[str, float]:
    """Return how long a command of each stage takes, in seconds, with all that it starts."""
    folder = options.folder / "finished" / runner
    if options.artifacts and not (folder / DURATIONS).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _learn_durations(_bench(folder, options), options.artifacts, runner)
    seconds: dict[str, float] = json.loads((folder / DURATIONS).read_text())
    return seconds


def _learn_durations(bench: Bench, artifacts: Path, runner: str) -> None:
    """Run each stage once more, now that the cache is filled, and write down what it takes."""
    print(f"campaigns: how long each stage takes by the {runner} runner", flush=True)
    copy = copied(artifacts, bench.folder / "again")
    environ = environment(copy, bench.folder / "tmp", runner)
    seconds = {}
    for stage in STAGES:
        began = time.monotonic()
        _must_end_well(bench, invoke(stage, runner=runner), environ)
        seconds[stage] = round(time.monotonic() - began, 2)
    (bench.folder / DURATIONS).write_text(json.dumps(seconds))


def _must_end_well(bench: Bench, argv: list[str], environ: Mapping[str, str]) -> None:
    code, output = ended(bench, argv, environ)
    if code:
        # Without these, no try can be made.
        raise SystemExit(f"{' '.join(argv)} ended with {code}:\n{output[-2000:]}")


def _bench(folder: Path, options: Options) -> Bench:
    folder.mkdir(parents=True, exist_ok=True)
    return Bench(folder, Random(options.seed), options)
