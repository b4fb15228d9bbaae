"""The long campaign of tests/fuzz, whose short form is among the unit tests."""

import subprocess
import sys
from importlib.util import find_spec

from docker.paths import ROOT
from stages.errors import SettingsError, StageError
from stages.program import streams
from stages.setting.ranges import Range
from stages.setting.spec import read_whole
from stages.setting.suggestion import quoted

EXAMPLES = 1600
BOUNDS = Range(1, 1_000_000, "a parser then takes an hour")


def run(examples: str, only: str) -> None:
    """Give each parser that many inputs, and print a table.

    Raises SettingsError for a number out of bounds, StageError if a parser fails.
    """
    if not find_spec("hypothesis"):
        raise StageError("hypothesis is missing; `./bootstrap.py --no-engine check` installs it")
    command = [sys.executable, "-m", "tests.fuzz", str(_number(examples)), only]
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode != 0:
        streams.require_read()
        if not only:
            raise StageError("a parser failed, as the lines above show; fix it, and keep the input")
        raise StageError(
            f"a parser failed, or none has {quoted(only)} in its name, as the lines above show; "
            "fix it and keep the input, or give another name"
        )


def _number(text: str) -> int:
    try:
        number = read_whole(text.strip())
    except ValueError:
        number = -1
    if number not in BOUNDS:
        allowed = f"a whole number {BOUNDS} ({BOUNDS.reason})"
        raise SettingsError(f"examples can't be {quoted(text)}; give {allowed}")
    return number
