"""Run a stage in its container, or as a process of this host; a stage can't tell which."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from docker import images
from docker.build import lock
from docker.build.graph import Stage
from docker.host import airgap, engine, user, venv
from docker.paths import ROOT
from docker.reproduce.locked_images import digest_of
from stages.artifacts import Artifacts
from stages.errors import PinningError
from stages.runtimes import (
    PEERS_RUNTIME,
    RUNTIME_NAMES,
    RUNTIMES,
    Runtime,
    get_runtime,
)
from stages.settings import PEERS, env_name

STAGES_PYTHON = "3.11"


def _folder_of(runtime: Runtime) -> Path:
    return ROOT / f".venv-{runtime.environment}"


# For the local runner: the virtual environments, and the locks that go into each, in order.
VENVS = {runtime.name: (_folder_of(runtime), runtime.requirements) for runtime in RUNTIMES}
VENVS[PEERS] = (
    _folder_of(get_runtime(PEERS_RUNTIME)),
    (*get_runtime(PEERS_RUNTIME).requirements, *lock.ON_TOP[PEERS_RUNTIME]),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stage ended, and how long its own process ran."""

    exit_code: int
    seconds: float


Runner = Callable[[Stage, Mapping[str, str]], Outcome]


def prepare_docker(stages: list[Stage], artifacts: Path) -> Runner:
    """Make all that `stages` need, and return what runs one of them in its container."""
    engine.require()
    owner = user.invoking_user()
    user.remember(owner)
    user.make_folder(artifacts)
    airgap.place_parts(Artifacts(artifacts).cache)
    user.give_folder(artifacts, owner)
    images.build(stages)
    variables = {**owner.variables(), env_name("artifacts"): str(artifacts)}
    # Asked for as late as can be: a build in another folder may have moved the name meanwhile.
    return lambda stage, settings: _run_container(
        stage, {**settings, **variables, env_name("image"): digest_of(stage.image)}
    )


def prepare_local(stages: list[Stage], artifacts: Path) -> Runner:
    """Make all that `stages` need, and return what runs one of them as a process.

    Raises VenvError without the Python of the images, PinningError without numactl.
    """
    user.make_folder(artifacts)
    if not shutil.which("numactl"):
        raise PinningError("numactl is missing, which pins the cores; apt-get install numactl")
    pythons = {stage: str(_make_python(_venv_of(stage))) for stage in stages}
    variables = {env_name("artifacts"): str(artifacts)}
    if PEERS in {stage.name for stage in stages}:
        variables |= {
            env_name(runtime.interpreter_setting): str(_make_python(runtime.name))
            for runtime in RUNTIMES
            if runtime.interpreter_setting
        }
    return lambda stage, settings: _run_process(stage, pythons[stage], {**settings, **variables})


RUNNERS = {"docker": prepare_docker, "local": prepare_local}


def _run_container(stage: Stage, environ: Mapping[str, str]) -> Outcome:
    name = f"{stage.image}-{os.getpid()}"
    terminal = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["--no-TTY"]
    compose = ["docker", "compose", "--progress", "quiet"]
    command = [*compose, "run", "--no-deps", "--name", name, *terminal, stage.name]
    try:
        code = subprocess.run(command, cwd=ROOT, env={**environ}).returncode
        return Outcome(code, _life_of(name))
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def _life_of(container: str) -> float:
    form = "--format={{.State.StartedAt}} {{.State.FinishedAt}}"
    shown = subprocess.run(
        ["docker", "inspect", form, container], capture_output=True, text=True
    ).stdout.split()
    times = [_time(text) for text in shown]
    return (times[1] - times[0]).total_seconds() if len(times) == 2 else 0.0


def _time(text: str) -> datetime:
    """Read the engine's time, whose fraction has up to nine digits."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction:0<6.6}").replace(tzinfo=timezone.utc)


def _run_process(stage: Stage, python: str, environ: Mapping[str, str]) -> Outcome:
    began = time.monotonic()
    command = [python, "-m", f"stages.{stage.name}"]
    # As in the images: a scratch working directory, the code found by PYTHONPATH.
    environment = {**environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        code = subprocess.run(command, cwd=scratch, env=environment).returncode
    return Outcome(code, time.monotonic() - began)


def _venv_of(stage: Stage) -> str:
    """Return what an image's name ends in; those of no runtime have the first one's packages."""
    ending = stage.target.rpartition("-")[2]
    return ending if ending in VENVS else RUNTIME_NAMES[0]


def _make_python(name: str) -> Path:
    folder, locks = VENVS[name]
    return venv.ensure(folder, _stages_python(), [lock.path_of(each) for each in locks])


def _stages_python() -> str:
    if sys.version_info[:2] == tuple(int(part) for part in STAGES_PYTHON.split(".")):
        return getattr(sys, "_base_executable", sys.executable)
    found = shutil.which(f"python{STAGES_PYTHON}")
    if not found:
        raise venv.VenvError(
            f"the local runner needs Python {STAGES_PYTHON}, the images' own; install it or "
            "leave out `--runner local`"
        )
    return found
