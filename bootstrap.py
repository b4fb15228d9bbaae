#!/usr/bin/env python3
""":"
exec python3 "$0" "$@"  # for `sh bootstrap.py`: a shell reads this line alone
":"

Get a fresh Debian or Ubuntu machine ready, then run invoke tasks.

    ./bootstrap.py [--yes] [--no-engine] [TASK...]

Creates a virtual environment with invoke and its packages. If a task needs a container engine and
none answers, or an image that must be built, it installs what that takes from the distribution's
packages; it says what it will change and asks first.
It needs nothing but Python 3.10 or newer and its standard library.
"""

import os
import signal
import sys

# Until `exit_code_of` can say that it was ended, what asks for that waits: Python would print where
# it was. An exec call hands this on to invoke.
signal.pthread_sigmask(
    signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
)
if sys.version_info < (3, 10):  # noqa: UP036 - a user of an older one must read why
    sys.exit("bootstrap: Python 3.10 or newer is needed; run this file with one")
if not sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in os.environ):
    # Before anything else is imported: they may name another standard library.
    _PYTHON = sys.executable or os.readlink("/proc/self/exe")  # noqa: PTH115
    _OPTIONS = ["-E", "-B"] if sys.dont_write_bytecode else ["-E"]
    os.execv(_PYTHON, [_PYTHON, *_OPTIONS, __file__, *sys.argv[1:]])
if os.geteuid() == 0 != os.stat(__file__).st_uid:  # noqa: PTH116
    # Its owner could not remove what root leaves beside the modules.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

import argparse
import contextlib
import io
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there yet with -P or -I

try:
    from docker import standing
    from docker.host import engine, interpreter, launcher, setup, venv
    from docker.host.asked import YES, Asked, refuse_slips, tasks_of
    from docker.host.environment import child_environment
    from docker.paths import REQUIREMENTS, ROOT
    from stages import __version__
    from stages.errors import exit_code_of
    from stages.program.signals import blocked
    from stages.setting.addresses import name_in, redacted
    from stages.setting.suggestion import quoted
except MemoryError:
    sys.exit("bootstrap: error: there is too little memory; raise the limit on it (`ulimit -v`)")
except (ImportError, OSError) as error:
    sys.exit(
        f"bootstrap: error: this checkout is not whole, or not for this user to read ({error}); "
        "get all of it again, or make it readable"
    )

VENV = ROOT / ".venv"
HOST_LOCK, DEVELOP_LOCK = REQUIREMENTS / "host.txt", REQUIREMENTS / "develop.txt"
# The tasks for which more must be installed than for a run.
DEVELOP_TASKS = {"audit", "check", "lint", "test"}
VERSION, NO_ENGINE = "--version", "--no-engine"
FLAGS = (VERSION, YES, NO_ENGINE)


def main() -> None:
    """Set up what is missing and become `invoke TASK...`."""
    arguments = _parse(sys.argv[1:])
    refuse_slips(arguments.task)
    locks = [HOST_LOCK, *([DEVELOP_LOCK] if DEVELOP_TASKS & {*tasks_of(arguments.task)} else [])]
    asked = Asked(tuple(arguments.task), arguments.engine)
    creates_venv = venv.must_be_created(VENV, locks)
    setup.carry_out(setup.plan_setup(asked, creates_venv), arguments.yes)
    python = str(venv.get_or_create(VENV, interpreter.base_python, locks))
    launcher.write(VENV)
    setup.carry_out(setup.plan_base_image(asked, python), arguments.yes)
    command = [python, "-m", "docker.own_invoke", *arguments.task]
    if asked.needs_engine:
        command = engine.as_member(command)
    with contextlib.suppress(AttributeError):  # there is none if it was closed
        sys.stdout.flush()
    environment = child_environment(os.environ) | {standing.VARIABLE: standing.here()}
    os.chdir(ROOT)
    with blocked():
        os.execvpe(command[0], command, environment)


class _Parser(argparse.ArgumentParser):
    """A parser that repeats no password of an address that it can't read."""

    def error(self, message: str) -> NoReturn:
        super().error(redacted(message))


def _parse(argv: list[str]) -> argparse.Namespace:
    description = "Get a fresh Debian or Ubuntu machine ready, then run invoke tasks."
    parser = _Parser("bootstrap.py", description=description, allow_abbrev=False)
    parser.add_argument(VERSION, action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(YES, action="store_true", help="install without asking")
    parser.add_argument(
        NO_ENGINE,
        dest="engine",
        action="store_false",
        help="install no container engine, as for `pipeline --runner local`",
    )
    parser.add_argument(
        "task",
        nargs=argparse.REMAINDER,
        help="invoke's tasks and their flags, which `TASK --help` shows; without one, all tasks "
        "are listed",
    )
    arguments, unknown = parser.parse_known_args(argv)
    for word in unknown:
        parser.error(f"there is no flag {quoted(name_in(word), FLAGS)}")
    if NO_ENGINE in arguments.task:  # which no task has a flag for
        arguments.task, arguments.engine = [it for it in arguments.task if it != NO_ENGINE], False
    return arguments


def _show_what_the_locale_lacks() -> None:
    """Print characters that the terminal's encoding has not as escapes, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    _show_what_the_locale_lacks()
    os.environ["PATH"] = os.environ.get("PATH") or os.defpath  # an empty one is of no use
    sys.exit(exit_code_of("bootstrap", main))
