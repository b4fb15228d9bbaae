"""Run a stage in its container, or as a process of this host; the stage is the same in both."""

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
from docker.build import requirements
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


def _venv_folder(runtime: Runtime) -> Path:
    return ROOT / f".venv-{runtime.environment}"


# For the local runner: the virtual environments, and the locks that go into each, in order.
VENVS = {runtime.name: (_venv_folder(runtime), runtime.requirements) for runtime in RUNTIMES}
VENVS[PEERS] = (
    _venv_folder(get_runtime(PEERS_RUNTIME)),
    (*get_runtime(PEERS_RUNTIME).requirements, *requirements.EXTRA_LAYERS[PEERS_RUNTIME]),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stage ended: its exit code, and how long its own process ran, in seconds."""

    exit_code: int
    seconds: float


Runner = Callable[[Stage, Mapping[str, str]], Outcome]


def prepare_docker(stages: list[Stage], artifacts: Path) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them in its container.

    Raises EngineError if the engine does not answer or an image can't be built,
    NotWritableError if `artifacts` is no folder.
    """
    engine.require()
    owner = user.invoking_user()
    user.write_env_file(owner)
    user.create_folder(artifacts)
    airgap.copy_cache(Artifacts(artifacts).cache)
    user.change_owner(artifacts, owner)
    images.build_missing(stages)
    variables = {**owner.variables(), env_name("artifacts"): str(artifacts)}
    # The digest is looked up only now: a build in another checkout may have moved the name since.
    return lambda stage, settings: _run_container(
        stage, {**settings, **variables, env_name("image"): digest_of(stage.image)}
    )


def prepare_local(stages: list[Stage], artifacts: Path) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them as a process.

    Raises VenvError without the images' version of Python, PinningError without numactl,
    NotWritableError if `artifacts` is no folder.
    """
    user.create_folder(artifacts)
    if not shutil.which("numactl"):
        raise PinningError("numactl, which pins the cores, is missing; install the package numactl")
    pythons = {stage: str(_prepare_venv(_venv_of(stage))) for stage in stages}
    variables = {env_name("artifacts"): str(artifacts)}
    if PEERS in {stage.name for stage in stages}:
        variables |= _other_interpreters()
    return lambda stage, settings: _run_process(stage, pythons[stage], {**settings, **variables})


def _other_interpreters() -> dict[str, str]:
    """Return the variables that name the interpreters of runtimes in other environments."""
    return {
        env_name(runtime.interpreter_setting): str(_prepare_venv(runtime.name))
        for runtime in RUNTIMES
        if runtime.interpreter_setting
    }


RUNNERS = {"docker": prepare_docker, "local": prepare_local}


def _run_container(stage: Stage, environ: Mapping[str, str]) -> Outcome:
    name = f"{stage.image}-{os.getpid()}"
    terminal = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["--no-TTY"]
    compose = ["docker", "compose", "--progress", "quiet"]
    command = [*compose, "run", "--no-deps", "--name", name, *terminal, stage.name]
    try:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, cwd=ROOT, env={**environ}
        ).returncode
        return Outcome(code, _seconds_of(name))
    finally:
        subprocess.run(
            ["docker", "rm", "--force", name], stdin=subprocess.DEVNULL, capture_output=True
        )


def _seconds_of(container: str) -> float:
    """Return how long an ended container ran, 0 if the engine does not say."""
    template = "--format={{.State.StartedAt}} {{.State.FinishedAt}}"
    shown = subprocess.run(
        ["docker", "inspect", template, container],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    ).stdout.split()
    times = [_parse_time(text) for text in shown]
    return (times[1] - times[0]).total_seconds() if len(times) == 2 else 0.0


def _parse_time(text: str) -> datetime:
    """Parse a time of the engine, whose fraction has up to nine digits."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction:0<6.6}").replace(tzinfo=timezone.utc)


def _run_process(stage: Stage, python: str, environ: Mapping[str, str]) -> Outcome:
    began = time.monotonic()
    command = [python, "-m", f"stages.{stage.name}"]
    # As in the images: a scratch working directory, the code found by PYTHONPATH.
    environment = {**environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, cwd=scratch, env=environment
        ).returncode
    return Outcome(code, time.monotonic() - began)


def _venv_of(stage: Stage) -> str:
    """Return a stage's key in VENVS: the end of its image's name, else the first runtime."""
    ending = stage.target.partition("-")[2] or stage.target
    return ending if ending in VENVS else RUNTIME_NAMES[0]


def _prepare_venv(name: str) -> Path:
    """Return the Python of one of VENVS, which is created if need be."""
    folder, locks = VENVS[name]
    paths = [requirements.path_of(lock) for lock in locks]
    return venv.get_or_create(folder, _stages_python(), paths)


def _stages_python() -> str:
    """Return a Python of the images' version; VenvError if there is none."""
    if sys.version_info[:2] == tuple(int(part) for part in STAGES_PYTHON.split(".")):
        return venv.base_python()
    python = shutil.which(f"python{STAGES_PYTHON}")
    if not python:
        raise venv.VenvError(
            f"the local runner needs Python {STAGES_PYTHON}, the version in the images; install "
            "it, or leave out `--runner local`"
        )
    return python
