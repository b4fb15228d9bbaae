"""How a command of the product must end: a code that is known, one line, no traceback."""

import re
import signal
from collections.abc import Collection

from docker.host.venv import VenvError
from stages.errors import StageError
from tests.campaigns.tries import TRACEBACK, UNCLEAR, Bench

ERROR = re.compile(r"^[\w. -]+: error: .+", re.MULTILINE)
# Of Python, of Go, and of programs in C.
CRASHES = (
    "Traceback (most recent call last)",
    "Exception ignored in",
    "Fatal Python error",
    "goroutine 1 [",
    "panic: ",
    "Segmentation fault",
    "core dumped",
    "terminate called",
)
CAUGHT = {int(number): 128 + number for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}


def known_codes() -> set[int]:
    """Return the exit codes that stand for one kind of failure each."""
    kinds: list[type[StageError]] = [VenvError, *StageError.__subclasses__()]
    return {kind.exit_code for kind in kinds}


def error_lines(output: str) -> list[str]:
    """Return the lines that say what failed."""
    return ERROR.findall(output.replace("\r", ""))


def judge_output(bench: Bench, output: str) -> None:
    """Look for what no user should see."""
    for crash in CRASHES:
        if crash in output:
            line = next(line for line in output.splitlines() if crash in line)
            bench.fault(TRACEBACK, f"{line}; last line: {output.splitlines()[-1]}")


def judge_end(
    bench: Bench, code: int, output: str, expected: Collection[int] = (), names: str = ""
) -> None:
    """Judge a command that may end well, or be refused in one line.

    With `expected`, it must end with one of these codes; a refusal must name `names`.
    """
    bench.codes.append(code)
    bench.printed(output)
    judge_output(bench, output)
    lines = error_lines(output)
    if code not in (expected or {0, *known_codes()}):
        bench.fault(UNCLEAR, f"code {code}, not {sorted(expected) or 'a known one'}")
    elif code and len(lines) != 1:
        bench.fault(UNCLEAR, f"code {code} with {len(lines)} lines of error")
    elif code and names not in lines[0]:
        bench.fault(UNCLEAR, f"{lines[0]!r} does not name {names}")
