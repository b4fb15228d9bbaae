"""Signals that ask a program to end: what it does, and how it then ends."""

import signal
from collections.abc import Sequence

import pytest

from tests.unit.processes import start

BODY = """
import os, signal, subprocess, sys, time
from stages.program import signals
from stages.errors import exit_code_of

def kill(*signums):
    for signum in signums:
        os.kill(os.getpid(), signum)
        time.sleep(0.01)  # in which Python handles it

{body}

sys.exit(exit_code_of("train", main{options}))
"""
CLEANING = """
def main():
    try:
        kill(*map(int, sys.argv[1:]))
    finally:
        print("begins to clean up")
        kill(*map(int, sys.argv[1:]), signal.SIGINT, signal.SIGTERM)
        print("cleaned up", flush=True)
"""
HELD = """
def main():
    with signals.held_back():
        kill(signal.SIGTERM)
        print("the library is done", flush=True)
    print("and went on")
"""
# As of a library that doesn't return to Python, which then runs no handler.
STUCK = """
def main():
    import ctypes
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # another thread gets it
    print("stuck", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    ctypes.CDLL(None).sleep(60)
"""


def run(body: str, arguments: Sequence[int] = (), options: str = "") -> tuple[int, list[str]]:
    script = BODY.format(body=body, options=options)
    with start(script, *map(str, arguments)) as process:
        output = process.communicate(timeout=30)[0]
    return process.returncode, output.splitlines()


@pytest.mark.parametrize(
    ("signum", "line"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "ended by SIGTERM"),
        (signal.SIGHUP, "ended by SIGHUP"),
        (signal.SIGQUIT, "ended by SIGQUIT"),
    ],
)
def test_a_signal_ends_it_once_it_has_cleaned_up_which_no_second_one_disturbs(
    signum: signal.Signals, line: str
) -> None:
    code, output = run(CLEANING, [signum])
    assert code == 128 + signum
    assert output == [
        "begins to clean up",
        "cleaned up",
        f"train: {line}; finished artifacts are whole",
    ]


def test_what_nohup_ignores_stays_ignored() -> None:
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    survive = "def main():\n    kill(signal.SIGHUP)\n    print('on it goes')\n"
    assert run(ignore + survive) == (0, ["on it goes"])


def test_a_library_that_calls_back_is_left_in_peace_until_it_is_done() -> None:
    code, output = run(HELD)
    assert code == 143
    assert output == [
        "the library is done",
        "train: ended by SIGTERM; finished artifacts are whole",
    ]


def test_a_library_that_does_not_return_does_not_keep_the_process() -> None:
    code, output = run(STUCK, options=", 0.1")
    assert code == 143
    assert output == ["stuck", "train: ended by SIGTERM; finished artifacts are whole"]


def test_a_deadline_harms_nothing_that_ends_by_itself() -> None:
    assert run("def main():\n    print('fine')\n", options=", 0.1") == (0, ["fine"])


@pytest.mark.parametrize("flush", [True, False])
def test_an_output_that_nobody_reads_ends_it_without_a_traceback(flush: bool) -> None:
    close = "r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
    code, output = run(f"{close}def main():\n    print('x', flush={flush})\n")
    assert (code, output) == (141, [])


def test_an_output_on_a_full_disk_is_that_failure() -> None:
    full = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n"
    code, (line,) = run(f"{full}def main():\n    print('x')\n")
    assert code == 8
    assert line.startswith("train: error: no space left")


def test_without_any_terminal_the_code_is_still_right() -> None:
    close = "r, w = os.pipe(); os.close(r); os.dup2(w, 1); os.dup2(w, 2)\n"
    assert run(f"{close}def main():\n    kill(signal.SIGHUP)\n") == (129, [])
