"""The tasks of `invoke`: images, stages, the whole pipeline, tests.

Everything but the virtual environment with this task runner itself is set up on demand;
`./bootstrap.py TASK...` does that too.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
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
from docker.develop.tasks import audit, check, fuzz, lint, release, run_tests, version
from docker.ending import end_with
from docker.host import engine, env_file, user
from docker.options import DRY_RUN, HOWS, ReplaceableTask, stage_task
from docker.paths import ROOT
from docker.program import adopt
from docker.reproduce import reproduction
from docker.runners import TRAIN
from docker.running import chosen_settings, load_settings, run_programs
from docker.share import schemas
from docker.share.export import write_export
from docker.share.output import require_writable
from docker.standing import from_here
from docker.task_list import list_task
from stages.artifacts import Artifacts
from stages.command_line import help_text, load
from stages.errors import exit_code_of
from stages.folder.usable import resolved
from stages.runtimes import RUNTIME_NAMES
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE
from stages.setting.spec import Spec
from stages.settings import specs

STAGE_NAMES = [stage.name for stage in read_stages()]
RUNTIME_HELP = help_text("runtime")


@task(help={"runtime": RUNTIME_HELP, "verbose": how.HELP["verbose"]}, auto_shortflags=False)
def build(_: Context, runtime: str = "", verbose: bool = False) -> None:
    """Build the images of the pipeline, with their base image."""

    def make() -> None:
        settings = chosen_settings({"runtime": runtime} if runtime else {})
        engine.require("build")
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
    chosen = {"runtime": runtime} if runtime else {}

    def write() -> None:
        load({}, chosen)
        engine.require("lock")
        with writing_checkout("lock"):
            if not images:
                lock_requirements(list(chosen.values()))
                base.lock_packages(os.environ)
            reproduction.lock_images()

    end_with(exit_code_of("lock", write))


@task(
    help={"output": "file to write (default: vgg19-export.tar.gz)", "runtime": RUNTIME_HELP},
    auto_shortflags=False,
)
def export(_: Context, output: str = "vgg19-export.tar.gz", runtime: str = "") -> None:
    """Pack source, images, tools and data for a machine that reaches no network.

    The data are the downloads in the folder that the variable VGG19_ARTIFACTS names (default:
    artifacts, in this checkout).
    """

    def write() -> None:
        settings = chosen_settings({"runtime": runtime} if runtime else {})
        artifacts = Artifacts(resolved(load(settings).artifacts))
        path = from_here(output)
        require_writable(path, artifacts.root)
        engine.require("export")
        write_export(read_stages(settings), artifacts, path)
        print(f"export: {path.stat().st_size / 1e6:.0f} MB in {output}")

    end_with(exit_code_of("export", write))


@task(help={"output": "file to write (default: vgg19-bundle.tar)"}, auto_shortflags=False)
def bundle(_: Context, output: str = "vgg19-bundle.tar") -> None:
    """Pack the results with all they came from into one file that anyone can check.

    The artifacts are those in the folder that the variable VGG19_ARTIFACTS names (default:
    artifacts, in this checkout).
    """

    def write() -> None:
        # Imported only now: it takes half a second, which every command would wait for.
        from docker.share.bundle import write_bundle

        path = from_here(output)
        artifacts = Artifacts(resolved(load_settings().artifacts))
        lines = write_bundle(artifacts, path).lines
        size = path.stat().st_size / 1e6
        print("\n".join(f"bundle: {line}" for line in [*lines, f"{output}, {size:.1f} MB"]))

    end_with(exit_code_of("bundle", write))


@task(
    help={"compare": "WHEN, or WHEN,WHEN: beginnings of times as listed, or current (the default)"},
    auto_shortflags=False,
)
def history(_: Context, compare: str = "") -> None:
    """List the measurements that are there, earlier ones too, or compare two of them."""

    def show() -> None:
        from docker.share.history import history_text

        print(history_text(load_settings().artifacts, compare))

    end_with(exit_code_of("history", show))


class _Verify(ReplaceableTask):
    replacements = ("rebuild",)


@task(
    klass=_Verify,
    help={
        "bundle": "file to check: every byte, and every figure by its samples",
        "rebuild": "build all images again, from nothing, and hold them against docker/images.lock",
    },
    auto_shortflags=False,
)
def verify(_: Context, bundle: str, rebuild: bool = False) -> None:
    """Check a bundle, which takes no network and no engine; or that images come out as locked."""

    def check() -> None:
        from docker.share.bundle import verify_bundle

        verdict = verify_bundle(from_here(bundle)) if bundle else None
        for line in verdict.lines if verdict else ():
            print(f"verify: {line}")
        if rebuild:
            engine.require("verify --rebuild")
            reproduction.verify_images()
        if verdict:
            verdict.require_trusted()

    end_with(exit_code_of("verify", check))


@task(
    help={"name": f"{schemas.ALL}, to list them, or {', '.join(schemas.titles())}"},
    auto_shortflags=False,
)
def schema(_: Context, name: str) -> None:
    """Print what a JSON file of the project has in it, as a JSON Schema."""
    end_with(exit_code_of("schema", lambda: print(schemas.answer(name))))


@task(help={"write": "write them; else only check that they are current"}, auto_shortflags=False)
def docs(_: Context, write: bool = False) -> None:
    """Check, or write, the pages and schemas of docs/ that are made from the code."""

    def run() -> None:
        with writing_checkout("docs --write"):
            (reference.write if write else reference.require_current)()

    end_with(exit_code_of("docs", run))


@task(help={"yes": "remove without asking"}, auto_shortflags=False)
def clean(context: Context, yes: bool = False) -> None:
    """Show all artifacts, downloads too, ask, and remove them; with `invoke --dry` only show.

    The artifacts are those in the folder that the variable VGG19_ARTIFACTS names (default:
    artifacts, in this checkout).
    """
    dry = bool(context.config.run.dry)
    end_with(exit_code_of("clean", lambda: cleaning.clean(load_settings().artifacts, yes, dry)))


def _program_task(name: str, place: str = "") -> "Task[Any]":
    doc = place + (importlib.import_module(f"stages.{name}").__doc__ or "")
    return stage_task(name, doc, _specs_of([name]), partial(run_programs, [name], name))


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
    )
    return {
        "Before a run": [_program_task(DOCTOR), _program_task(DOWNLOAD)],
        "The pipeline, and its stages in order": [pipeline, *stages],
        "Beside the pipeline, when it has run": [_program_task(PEERS), _program_task(REHEARSE)],
        "Results": [history, bundle, verify, export, schema],
        "Development": [
            *(check, lint, run_tests, fuzz, docs, lock, audit, build, clean, release, version),
        ],
    }


adopt(program)
os.chdir(ROOT)
GROUPS = _groups()
dry_run.guard(task for tasks in GROUPS.values() for task in tasks)
ns = Collection(list_task(GROUPS), *(task for tasks in GROUPS.values() for task in tasks))
if is_of_invoke() and (came := exit_code_of("invoke", lambda: None)):
    sys.exit(came)
