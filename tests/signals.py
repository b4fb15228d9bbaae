"""Signals as a program in the foreground has them, whatever started the tests."""

import signal
from types import FrameType


def unignore_for_children() -> None:
    """Let programs that are started from now on hear every signal that this process ignores.

    One in the background, or under nohup, ignores some, and so would all that it starts. Handlers
    are not inherited: that of SIGINT is Python's own, as in the foreground; the others do nothing,
    so that whoever closes the terminal still does not end this.
    """
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(signum) is signal.SIG_IGN:
            interrupts = signum == signal.SIGINT
            signal.signal(signum, signal.default_int_handler if interrupts else _do_nothing)


def _do_nothing(signum: int, frame: FrameType | None) -> None:
    """Take a signal that the process is to ignore."""
