"""Signals that ask a program to end, as an exception, so that all clean-up runs.

Only the first one counts: a second Ctrl-C must not leave behind what the first was about to remove.
Standard library only, as bootstrap.py uses it.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# Ctrl-C; `kill`, `timeout` and schedulers; a terminal that closes; Ctrl-\.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Added to a signal's number, as a shell does it.
SIGNALLED = 128
WHOLE = "finished artifacts are whole"


class Terminated(BaseException):
    """A signal asked this program to end; `signum` is its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell gives for a program that this signal ended."""
        return SIGNALLED + self.signum

    def __str__(self) -> str:
        return f"ended by {signal.Signals(self.signum).name}"


class AlreadySaid(Terminated):
    """The same, after a child that ended with us has said so to the user."""


class _Handler:
    """Raises the exception of the first signal, at once or when it is no longer held back."""

    def __init__(self) -> None:
        self.came, self.holding = 0, False

    def __call__(self, signum: int, _: FrameType | None) -> None:
        if self.came:
            return
        self.came = signum
        if not self.holding:
            self.throw()

    def throw(self) -> None:
        if self.came == signal.SIGINT:
            raise KeyboardInterrupt
        if self.came:
            raise Terminated(self.came)


_handlers: list[_Handler] = []


@contextmanager
def as_exceptions(name: str, give_up_s: float = 0.0) -> Iterator[None]:
    """Raise KeyboardInterrupt or Terminated for the first signal within the context.

    A signal that is ignored already, as by nohup, stays so. With `give_up_s`, the process ends that
    many seconds after the signal even if a library doesn't return to Python; the line that it then
    prints begins with `name`. Outside the main thread, which alone gets signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = _Handler()
    heard = [it for it in ENDING if signal.getsignal(it) is not signal.SIG_IGN]
    before = {it: signal.signal(it, handler) for it in heard}
    _handlers.append(handler)
    try:
        with _deadline(name, give_up_s):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)  # see `blocked`
            yield
    finally:
        _handlers.pop()
        if not handler.came:  # else the rest of the way out is not to be disturbed either
            for signum, earlier in before.items():
                signal.signal(signum, earlier)


@contextmanager
def blocked() -> Iterator[None]:
    """Let a program that is started within the context get signals only in its `as_exceptions`.

    Until then it imports modules, and Python would print where the signal met it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def held_back() -> Iterator[None]:
    """Keep signals until the context is left, for a library that an exception would tear apart."""
    if not _handlers:
        yield
        return
    handler = _handlers[-1]
    before, handler.holding = handler.holding, True
    try:
        yield
    finally:
        handler.holding = before
        if not before:
            handler.throw()


def disregard() -> None:
    """Let no signal interrupt from now on: what was asked for is done, and it ends in a moment."""
    if _handlers:
        _handlers[-1].holding = True


@contextmanager
def _deadline(name: str, give_up_s: float) -> Iterator[None]:
    if not give_up_s:
        yield
        return
    # Python's own handlers wait until a library returns; this pipe is written to at once.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    over = threading.Event()
    say = os.dup(2)  # which a step that keeps a library's output in a file replaces
    arguments = (name, (reading, say), over, give_up_s)
    watch = threading.Thread(target=_watch, args=arguments, daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(earlier)
        os.close(writing)
        watch.join()
        os.close(reading)
        os.close(say)


def _watch(name: str, files: tuple[int, int], over: threading.Event, give_up_s: float) -> None:
    """End the process if it has not ended `give_up_s` after a signal."""
    reading, output = files
    while signums := os.read(reading, 1):
        signum = signums[0]
        if signum in ENDING and not over.wait(give_up_s):
            with suppress(OSError):
                os.write(output, f"{name}: {Terminated(signum)}; {WHOLE}\n".encode())
            os._exit(SIGNALLED + signum)
