"""What is checked of a change before its images are built: lint, types, unit tests.

Each check is a program of the virtual environment, run in the checkout; they run at the same time,
as many as there are cores.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import StageError


@dataclass(frozen=True, slots=True)
class Check:
    """A command, its program first, that ends with 0 if all is well.

    - `files`: patterns of the paths that it gets as its last arguments.
    - `shows`: what it prints is shown also if all is well.
    """

    name: str
    command: tuple[str, ...]
    files: tuple[str, ...] = ()
    shows: bool = False


SCRIPTS = ("deploy/**/*.sh", "docker/**/*.sh", ".ci/run")
# The slowest first.
LINT = (
    Check("mypy", ("mypy", "--strict", ".")),
    Check("import-linter", ("lint-imports", "--no-logo")),
    Check("codespell", ("codespell", ".")),
    Check("words", ("python", "-m", "docker.develop.words")),
    Check("ruff check", ("ruff", "check", ".")),
    Check("ruff format", ("ruff", "format", "--check", ".")),
    Check("hadolint", ("hadolint",), files=("docker/Dockerfile",)),
    # What dpkg and awk are to expand stands in single quotes, which SC2016 takes for a slip.
    Check("shellcheck", ("shellcheck", "--exclude=SC2016"), files=SCRIPTS),
    Check("actionlint", ("actionlint",), files=(".github/workflows/*.yml",)),
)
# The kinds of tests: of the units, in the images, of the whole pipeline, of an engine elsewhere, of
# jobs through Slurm.
TESTS = UNITS, _, _, _, SLURM = ("unit", "images", "pipeline", "remote", "slurm")
# With the units, also the short form of `invoke fuzz`.
UNIT_FOLDERS = (f"tests/{UNITS}", "tests/fuzz", "tests/emulator")


def unit_tests() -> Check:
    """Return the check that runs the unit tests."""
    return Check("unit tests", ("pytest", "-q", *_units()), shows=True)


def arguments_of_tests(only: str) -> list[tuple[str, ...]]:
    """Return pytest's arguments for the tests of one kind, or for those of all kinds if empty.

    Those of other kinds than units are run one at a time: they share an engine and what it
    measures on.
    """
    if only:
        return [_units() if only == UNITS else (f"tests/{only}",)]
    return [_units(), tuple(f"tests/{kind}" for kind in TESTS if kind != UNITS)]


def _units() -> tuple[str, ...]:
    """Return pytest's arguments for the unit tests, as many at a time as there are cores."""
    return (f"--numprocesses={cores()}", *UNIT_FOLDERS)


def search_path() -> str:
    """Return PATH with the programs of this Python's environment first, by which they find others.

    actionlint, for one, checks scripts only if there is a shellcheck.
    """
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def run(checks: Sequence[Check], root: Path = ROOT) -> None:
    """Run all checks; print what each found, as soon as it ends.

    Raises StageError if one finds something, or its program is missing.
    """
    with ThreadPoolExecutor(cores()) as pool:
        running = {pool.submit(_run, check, root): check for check in checks}
        failed = [running[done].name for done in as_completed(running) if not done.result()]
    if failed:
        raise StageError(f"{', '.join(failed)} found what is shown above; fix it")


def _run(check: Check, root: Path) -> bool:
    """Run a check, print its outcome in one piece, and return whether all is well."""
    path = search_path()
    program, *options = check.command
    if not shutil.which(program, path=path):
        remedy = "`./bootstrap.py --no-engine check` installs it"
        print(f"{check.name}: {program} is missing; {remedy}", flush=True)
        return False
    files = sorted(str(file) for pattern in check.files for file in root.glob(pattern))
    began = time.monotonic()
    done = subprocess.run(
        [program, *options, *files],
        stdin=subprocess.DEVNULL,
        cwd=root,
        env={**child_environment(os.environ), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    ok = done.returncode == 0
    outcome = f"{check.name}: {'ok' if ok else 'FAILED'}, {time.monotonic() - began:.1f} s"
    print(f"{done.stdout}{outcome}" if check.shows or not ok else outcome, flush=True)
    return ok


def cores() -> int:
    """Return how many cores this process may use: as many tests are run at a time."""
    return len(os.sched_getaffinity(0))
