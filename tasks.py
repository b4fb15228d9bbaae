"""The tasks of `invoke`: images, stages, the whole pipeline, tests.

Everything but the virtual environment with this task runner itself is set up on demand;
`./bootstrap.py TASK...` does that too.
"""

import importlib
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from docker import engine, images
from docker.graph import ROOT, Stage, read_stages
from docker.lock import lock as lock_requirements
from docker.options import stage_task
from docker.runners import RUNNERS
from stages.artifacts import Artifacts
from stages.errors import SettingsError, exit_code_of
from stages.settings import env_name, load, specs, specs_of

STAGES = read_stages()


@task
def build(_: Context) -> None:
    """Build the images of all stages, with their base image."""

    def make() -> None:
        engine.require()
        images.build(STAGES)

    _end_with(exit_code_of("build", make))


def run_stages(name: str, stages: list[Stage], runner: str, given: dict[str, str]) -> None:
    """Run `stages` in order up to the first that fails, whose exit code becomes invoke's."""
    codes: list[int] = []
    code = exit_code_of(name, lambda: codes.append(_run(name, stages, runner, given)))
    _end_with(code or codes[0])


def _run(name: str, stages: list[Stage], runner: str, given: dict[str, str]) -> int:
    if runner not in RUNNERS:
        raise SettingsError(f"runner can't be {runner!r}; give {' or '.join(RUNNERS)}")
    artifacts = load(os.environ, given).artifacts.resolve()
    run = RUNNERS[runner](stages, artifacts)
    settings = {**os.environ, **{env_name(key): text for key, text in given.items()}}
    began, inside = time.monotonic(), 0.0
    for stage in stages:
        outcome = run(stage, settings)
        inside += outcome.seconds
        if outcome.exit_code:
            print(f"{name}: stopped, as {stage.name} failed with code {outcome.exit_code}")
            return outcome.exit_code
        print(f"{name}: {stage.name} took {outcome.seconds:.1f} s", flush=True)
    # What the stages' processes didn't take is starting and removing their containers.
    orchestration = time.monotonic() - began - inside
    print(f"{name}: done in {inside:.1f} s and {orchestration:.1f} s of orchestration")
    return 0


@task
def lint(context: Context) -> None:
    """Check style, formatting and types."""
    for command in ("ruff check .", "ruff format --check .", "mypy --strict ."):
        _python(context, command)


@task(pre=[lint])
def test(context: Context) -> None:
    """Lint, build the images, run all tests: of the units, the images and the pipeline."""
    build(context)
    _python(context, "pytest tests")


@task
def lock(_: Context) -> None:
    """Resolve all requirements anew and write their lock files."""
    lock_requirements()


@task
def clean(_: Context) -> None:
    """Remove all artifacts, downloads too."""

    def remove() -> None:
        for path in load(os.environ).artifacts.resolve().glob("[!.]*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(Artifacts(load(os.environ).artifacts.resolve()).cache, ignore_errors=True)

    _end_with(exit_code_of("clean", remove))


def _python(context: Context, module: str) -> None:
    context.run(f"{shlex.quote(sys.executable)} -m {module}", echo=True)


def _end_with(code: int) -> None:
    if code:
        raise Exit(code=code)


def _of_stage(stage: Stage) -> Callable[[str, dict[str, str]], None]:
    return lambda runner, given: run_stages(stage.name, [stage], runner, given)


def _tasks() -> Collection:
    stage_tasks = [
        stage_task(
            stage.name,
            importlib.import_module(f"stages.{stage.name}").__doc__ or "",
            specs_of(stage.name),
            _of_stage(stage),
        )
        for stage in STAGES
    ]
    pipeline = stage_task(
        "pipeline",
        f"Run {', '.join(stage.name for stage in STAGES)}; stop at the first that fails.",
        specs(),
        lambda runner, given: run_stages("pipeline", STAGES, runner, given),
    )
    return Collection(build, *stage_tasks, pipeline, test, lint, lock, clean)


os.chdir(ROOT)
ns = _tasks()
