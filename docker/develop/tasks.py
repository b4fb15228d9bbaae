"""The tasks of invoke for those who change this project."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from functools import partial
from importlib.util import find_spec

from invoke.context import Context
from invoke.tasks import task

from docker import images
from docker.build.graph import read_all
from docker.checkout import writing_checkout
from docker.develop import audit as auditing
from docker.develop import checks, fuzzing, triage
from docker.develop import release as releases
from docker.ending import end_with
from docker.host import engine
from docker.host.environment import child_environment
from docker.reproduce import reproduction
from docker.standing import from_here
from stages import __version__
from stages.errors import SettingsError, StageError, exit_code_of
from stages.program import streams
from stages.setting.suggestion import quoted


@task
def lint(_: Context) -> None:
    """Check style, types, spelling, imports, Dockerfile, scripts and workflow."""
    end_with(exit_code_of("lint", partial(checks.run, checks.LINT)))


@task
def check(_: Context) -> None:
    """Lint and run the unit tests, all at once: what to run after every change."""
    end_with(exit_code_of("check", partial(checks.run, [checks.unit_tests(), *checks.LINT])))


@task(
    name="test",
    help={"only": f"run these tests alone: {' or '.join(checks.TESTS)}"},
    auto_shortflags=False,
)
def run_tests(_: Context, only: str = "") -> None:
    """Lint, build the images, run all tests: of units, images, the pipeline, --host and Slurm."""
    end_with(exit_code_of("test", partial(_prepare, only)))
    codes = [_pytest(arguments) for arguments in checks.arguments_of_tests(only)]
    code = next(filter(None, codes), 0)
    end_with(code and (exit_code_of("test", streams.require_read) or code))


@task(
    help={
        "examples": f"inputs for each parser (default: {fuzzing.EXAMPLES}, over 100,000 in all)",
        "only": "only the parsers and settings whose name has this in it",
    },
    auto_shortflags=False,
)
def fuzz(_: Context, examples: str = str(fuzzing.EXAMPLES), only: str = "") -> None:
    """Give every parser and setting odd inputs: each must read them, or refuse them by its kind."""
    end_with(exit_code_of("fuzz", partial(fuzzing.run, examples, only)))


def _pytest(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    print(shlex.join(command), flush=True)
    environment = child_environment(os.environ)
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode


def _prepare(only: str) -> None:
    if only not in ("", *checks.TESTS):
        raise SettingsError(
            f"only can't be {quoted(only, checks.TESTS)}; give {' or '.join(checks.TESTS)}"
        )
    if not find_spec("pytest"):
        raise StageError("pytest is missing; `./bootstrap.py test` installs it")
    if not only:
        checks.run(checks.LINT)
    if only not in (checks.UNITS, checks.SLURM):
        engine.require("test")
        images.build_missing(read_all())


@task(
    help={"database": "folder with a copy of an advisory database (default: OSV is asked)"},
    auto_shortflags=False,
)
def audit(_: Context, database: str = "") -> None:
    """Look up known vulnerabilities of all locked Python packages, and what was decided of each."""
    end_with(exit_code_of("audit", partial(_audit, database)))


def _audit(database: str) -> None:
    folder = from_here(database) if database else None
    verdicts = triage.read_triage(triage.TRIAGE)
    locks = auditing.locked_pins()
    with auditing.source(folder) as asked:
        print(f"audit: {len(locks)} versions of packages; {asked.about}", flush=True)
        findings = auditing.find(locks, asked)
    outcome = triage.judge(findings, verdicts, locks, asked.known)
    if findings:
        print(triage.table(outcome, locks, date.today()), flush=True)
    if outcome.unknown:
        print(f"audit: this database does not have {', '.join(outcome.unknown)}: not looked up")
    if warning := asked.warning(date.today()):
        print(f"audit: warning: {warning}", file=sys.stderr, flush=True)
    triage.require_triaged(outcome, date.today())
    print(f"audit: {asked.conclusion(len(findings))}")


@task
def version(_: Context) -> None:
    """Print this project's version."""
    print(__version__)


@task(
    help={"version": "as 1.2.3", "dry-run": "show what would be done, and do nothing"},
    auto_shortflags=False,
)
def release(_: Context, version: str, dry_run: bool = False) -> None:
    """Write a version to source and changelog, lock the images, commit and tag."""

    def make() -> None:
        planned = releases.plan(version, date.today())
        print(releases.describe(planned), end="", flush=True)
        if not dry_run:
            engine.require(f"release {version}")
            with writing_checkout(f"release {version}"):
                releases.carry_out(planned, reproduction.lock_images)

    end_with(exit_code_of("release", make))
