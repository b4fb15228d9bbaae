"""The standard streams, so that no program fails because of whoever reads its output."""

import errno
import io
import os
import select
import sys
from typing import IO, Any, Final, TextIO

from stages.program.naming import naming

# As a shell reports a program that ended because nobody reads its output any more: 128 + SIGPIPE.
UNREAD_EXIT_CODE: Final = 141
OUTPUT, ERRORS = "standard output", "standard error"
NAMES: Final = (OUTPUT, ERRORS)
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class _Output(io.TextIOWrapper):
    """Standard output or error, whose failures say so: Python's own name no file."""

    def __init__(self, stream: io.TextIOWrapper, title: str) -> None:
        super().__init__(
            stream.buffer,
            encoding="utf-8",
            errors="backslashreplace",  # what is no UTF-8 in a name is shown escaped
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self._title = title

    def write(self, text: str, /) -> int:
        """Write as TextIOWrapper does."""
        with naming(self._title):
            return super().write(text)

    def flush(self) -> None:
        """Write what is still held back."""
        with naming(self._title):
            super().flush()


def prepare() -> None:
    """Make all three streams usable: UTF-8 whatever the locale; nothing if they are closed.

    Without this, the next file that is opened would get the number of a closed one.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number, mode))
        elif stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _usable(number, stream))


def _usable(number: int, stream: io.TextIOWrapper) -> io.TextIOWrapper:
    if number:
        stream.flush()
        return _Output(stream, NAMES[number - 1])
    stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream


def redraws(stream: TextIO) -> bool:
    """Return whether a stream leads to a terminal that can show a line again in place of itself."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def flush() -> None:
    """Write what is still held back; BrokenPipeError if nobody reads it."""
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()


def require_read() -> None:
    """Raise BrokenPipeError if nobody reads the output any more: a child failed because of it."""
    if any(_is_unread(number) for number in (1, 2)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE), OUTPUT)


def discard_unread() -> bool:
    """Let what can't be read any more go nowhere; return whether there is such a stream."""
    unread = [number for number in (1, 2) if _is_unread(number)]
    for number in unread:
        _discard(number)
    return bool(unread)


def discard_unwritable() -> None:
    """Let what can't be written go nowhere: Python would complain of it, with a code of its own."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            _discard(number)


def _discard(number: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def _is_unread(number: int) -> bool:
    """Return whether a descriptor is that of a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(number, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _nowhere(number: int, mode: str) -> IO[Any]:
    """Return a stream that leads nowhere, under the number of the one that is closed.

    Children get it, too: what they open first would else take its place.
    """
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)
    os.set_inheritable(number, True)
    return open(number, mode, encoding="utf-8", closefd=False)
