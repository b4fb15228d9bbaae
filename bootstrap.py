#!/usr/bin/env python3
"""Get a fresh Debian or Ubuntu machine ready, then run invoke tasks.

    ./bootstrap.py [--yes] [--no-engine] [TASK...]

Creates a virtual environment with invoke and its packages and, if no container engine answers,
installs one from the distribution's packages; it says what it will change and asks first.
It needs nothing but Python 3.10 or newer and its standard library.
"""

import argparse
import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - a user of an older one must read why
    sys.exit("bootstrap: Python 3.10 or newer is needed; run this file with one")

from docker.host import engine, venv
from docker.paths import REQUIREMENTS, ROOT
from stages import __version__
from stages.errors import exit_code_of
from stages.tether import tethered_through

VENV = ROOT / ".venv"
HOST_LOCK, DEVELOP_LOCK = REQUIREMENTS / "host.txt", REQUIREMENTS / "develop.txt"
# The tasks for which more must be installed than for a run.
DEVELOP_TASKS = {"check", "lint", "test"}


def main() -> None:
    """Set up what is missing and become `invoke TASK...`."""
    arguments = _parse(sys.argv[1:])
    engine.carry_out(engine.plan_setup(arguments.engine), arguments.yes)
    develop = [DEVELOP_LOCK] if DEVELOP_TASKS & {*arguments.task} else []
    python = venv.get_or_create(VENV, venv.base_python(), [HOST_LOCK, *develop])
    command = [str(python), "-m", "invoke", *arguments.task]
    if arguments.engine and engine.needs_new_group():
        command = ["sg", "docker", "-c", tethered_through(command)]
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execvp(command[0], command)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bootstrap.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--yes", action="store_true", help="install without asking")
    parser.add_argument(
        "--no-engine",
        dest="engine",
        action="store_false",
        help="install no container engine, as for `pipeline --runner local`",
    )
    parser.add_argument(
        "task",
        nargs=argparse.REMAINDER,
        help="invoke's tasks and their flags; without one, all tasks are listed",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(exit_code_of("bootstrap", main))
