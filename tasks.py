"""The tasks of `invoke`: images, stages, the whole pipeline, tests.

Everything but the virtual environment with this task runner itself is set up on demand;
`./bootstrap.py TASK...` does that too.
"""

import os
import sys

if __name__ == "__main__":  # it would do nothing, and end well
    print("tasks: error: this is a file of invoke; use `./bootstrap.py TASK`", file=sys.stderr)
    sys.exit(2)  # as for a setting that can't be
HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
sys.path.insert(0, HERE)
# The `invoke` of another clone's activated environment has imported that one's code by now.
if loaded := sys.modules.get("docker"):
    clone = os.path.dirname(loaded.__path__[0])  # noqa: PTH120
    if not os.path.samefile(clone, HERE):  # noqa: PTH121
        print(
            f"invoke: error: this is the invoke of another clone, {clone}; run this by "
            "./bootstrap.py here, or `. .venv/bin/activate` here first",
            file=sys.stderr,
        )
        sys.exit(2)  # as for a setting that can't be
from docker.host.environment import is_of_invoke, restart_without_pythons_own

restart_without_pythons_own()  # before anything is imported that could be another's

import signal

from stages.program.signals import ENDING

# `invoke` itself would end without a word by a signal that comes while this file is loaded.
if is_of_invoke():
    heard = {signum for signum in ENDING if signal.getsignal(signum) is not signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)

import importlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.main import program
from invoke.tasks import Task, task

from docker import cleaning, dry_run, how, images, reference
from docker.build import base
from docker.build.graph import read_stages
from docker.build.requirements import lock_requirements
from docker.checkout import writing_checkout
from docker.comparing import OWN, run_compare
from docker.develop.tasks import audit, check, fuzz, lint, release, run_tests, version
from docker.ending import end_with
from docker.host import elsewhere, engine, env_file, user
from docker.host.venv_stamp import note_on_another
from docker.notebook import notebook
from docker.options import DRY_RUN, HOWS, flags_given, stage_task
from docker.paths import REQUIREMENTS, ROOT
from docker.program import adopt
from docker.reproduce import reproduction
from docker.results import bundle, diff, export, history, publish, schema, verify
from docker.running import COMPARE, artifacts_of, chosen_settings, run_programs
from docker.share import pins
from docker.stage_environment import TRAIN
from docker.submit import tasks as submitting
from docker.task_list import list_task
from stages.command_line import help_text, load
from stages.errors import exit_code_of
from stages.folder.usable import resolved
from stages.runtimes import RUNTIME_NAMES
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE, SWEEP
from stages.setting.spec import Spec
from stages.settings import specs

STAGE_NAMES = [stage.name for stage in read_stages()]
RUNTIME_HELP, ARTIFACTS_HELP = help_text("runtime"), help_text("artifacts")


@task(
    help={
        "runtime": RUNTIME_HELP,
        "verbose": how.HELP["verbose"],
        elsewhere.HOST: "ssh://USER@HOST: build on that machine's engine (default: this one's)",
    },
    auto_shortflags=False,
)
def build(_: Context, runtime: str = "", verbose: bool = False, host: str = "") -> None:
    """Build the images of the pipeline, with their base image."""

    def make() -> None:
        settings = chosen_settings(flags_given(runtime=runtime))
        with elsewhere.asking(host):
            engine.require("build")
            if not host:  # what is in .env is of this machine
                env_file.write(env_file.compose_variables(user.invoking_user(), engine.read_info()))
            images.build_missing(read_stages(settings), os.environ, verbose)

    end_with(exit_code_of("build", make))


@task(
    help={
        "runtime": f"{' or '.join(RUNTIME_NAMES)}: leave all other requirements as they are",
        "images": "lock what the images come out as, and leave all that they are made from",
    },
    auto_shortflags=False,
)
def lock(_: Context, runtime: str = "", images: bool = False) -> None:
    """Lock requirements, Debian packages and images as they are today."""
    chosen = flags_given(runtime=runtime)

    def write() -> None:
        load({}, chosen)
        engine.require("lock")
        with writing_checkout("lock"):
            if not images:
                lock_requirements(list(chosen.values()))
                base.lock_packages(os.environ)
            reproduction.lock_images()

    end_with(exit_code_of("lock", write))


@task(help={"write": "write them; else only check that they are current"}, auto_shortflags=False)
def docs(_: Context, write: bool = False) -> None:
    """Check, or write, the pages and schemas of docs/ that are made from the code."""

    def run() -> None:
        with writing_checkout("docs --write"):
            (reference.write if write else reference.require_current)()

    end_with(exit_code_of("docs", run))


@task(help={"yes": "remove without asking", "artifacts": ARTIFACTS_HELP}, auto_shortflags=False)
def clean(context: Context, yes: bool = False, artifacts: str = "") -> None:
    """Show all artifacts, downloads too, ask, and remove them; with `invoke --dry` only show."""

    def remove() -> None:
        folder = artifacts_of(artifacts)
        cleaning.clean(folder, yes, bool(context.config.run.dry))

    end_with(exit_code_of("clean", remove))


@task(
    optional=["pip", "conda"],
    help={
        "pip": "write requirements with hashes (default: vgg19-stages.txt)",
        "conda": "write an environment for conda (default: vgg19-stages.yml), and pip's file",
        "runtime": RUNTIME_HELP,
        "artifacts": ARTIFACTS_HELP,
    },
    auto_shortflags=False,
)
def env(
    _: Context,
    pip: str | bool = "",
    conda: str | bool = "",
    runtime: str = "",
    artifacts: str = "",
) -> None:
    """Write the packages of the stages for an environment of your own, by pip or conda."""

    def write() -> None:
        settings = chosen_settings(flags_given(runtime=runtime))
        asked = pins.Asked(pip, conda)
        chosen = load(settings).runtime
        for line in pins.write_pins(asked, chosen, resolved(artifacts_of(artifacts))):
            print(f"env: {line}")

    end_with(exit_code_of("env", write))


def _program_task(name: str, place: str = "") -> "Task[Any]":
    doc = place + (importlib.import_module(f"stages.{name}").__doc__ or "")
    run = run_compare if name == COMPARE else partial(run_programs, [name], name)
    own = {elsewhere.HOST: elsewhere.HELP, **(OWN if name == COMPARE else {})}
    return stage_task(name, doc, _specs_of([name]), run, own=own)


def _specs_of(programs: Sequence[str]) -> dict[str, Spec]:
    """Return the settings of programs, and those of download, which runs before train."""
    wanted = {*programs, *([DOWNLOAD] if TRAIN in programs else [])}
    return {name: spec for name, spec in specs().items() if {*spec.programs} & wanted}


def _groups() -> "dict[str, list[Task[Any]]]":
    """Return all tasks in the order of the work, under headings for people."""
    stages = [
        _program_task(name, f"Stage {number} of {len(STAGE_NAMES)}. ")
        for number, name in enumerate(STAGE_NAMES, start=1)
    ]
    pipeline = stage_task(
        "pipeline",
        f"Run {', '.join(STAGE_NAMES)}; stop at the first that fails.",
        _specs_of(STAGE_NAMES),
        partial(run_programs, STAGE_NAMES, "pipeline"),
        (*HOWS, DRY_RUN),
        {elsewhere.HOST: elsewhere.HELP},
    )
    return {
        "Before a run": [_program_task(DOCTOR), _program_task(DOWNLOAD), env],
        "The pipeline, and its stages in order": [pipeline, *stages],
        "Beside the pipeline, when it has run": [
            *map(_program_task, (SWEEP, PEERS, REHEARSE)),
            notebook,
        ],
        "Several kinds of nodes, by Slurm": [
            submitting.submit_task(_specs_of(STAGE_NAMES)),
            *(submitting.jobs, submitting.cancel),
        ],
        "Results": [history, diff, publish, bundle, verify, export, schema],
        "Development": [
            *(check, lint, run_tests, fuzz, docs, lock, audit, build, clean, release, version),
        ],
    }


adopt(program)
if is_of_invoke() and (note := note_on_another(Path(sys.prefix), ROOT, REQUIREMENTS / "host.txt")):
    print(f"invoke: {note}", file=sys.stderr)
os.chdir(ROOT)
GROUPS = _groups()
dry_run.guard(task for tasks in GROUPS.values() for task in tasks)
ns = Collection(list_task(GROUPS), *(task for tasks in GROUPS.values() for task in tasks))
if is_of_invoke() and (came := exit_code_of("invoke", lambda: None)):
    sys.exit(came)
