"""What tests and campaigns start hears signals, even if they themselves run under nohup."""

import signal
import subprocess
import sys

from tests.commands import ROOT

STARTED = "print(open('/proc/self/status').read().split('SigIgn:')[1].split()[0])"
STARTING = """
import signal, subprocess, sys
for signum in (signal.SIGHUP, signal.SIGINT):
    signal.signal(signum, signal.SIG_IGN)
{}
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
signal.raise_signal(signal.SIGHUP)
print("goes on")
"""
UNIGNORE = "from tests.signals import unignore_for_children; unignore_for_children()"


def ignored(preparation: str) -> tuple[int, str]:
    """Return the signals that a child ignores, as bits from the first one, and what comes after."""
    argv = [sys.executable, "-c", STARTING.format(preparation), STARTED]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    mask, rest = done.stdout.split("\n", 1)
    return int(mask, 16), rest


def test_a_child_ignores_what_its_parent_was_told_to_ignore() -> None:
    mask, _ = ignored("")
    assert mask & 1 << (signal.SIGHUP - 1)


def test_with_this_it_hears_all_and_the_parent_still_goes_on() -> None:
    mask, rest = ignored(UNIGNORE)
    assert not mask & (1 << (signal.SIGHUP - 1) | 1 << (signal.SIGINT - 1))
    assert rest == "goes on\n"
