"""Signals as a program in the foreground has them, whatever started the tests."""

import signal
from types import FrameType


def unignore_for_children() -> None:
    """Let programs that are started from now on hear every signal that this process ignores.

    One in the background, or under nohup, ignores some, and so would all that it starts. A handler
    is not inherited; this one does nothing, so that this process still ignores them.
    """
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, _do_nothing)


def _do_nothing(signum: int, frame: FrameType | None) -> None:
    """Take a signal that the process is to ignore."""
