"""What a model of the user's prints as it runs, made fit for a terminal."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import count

from stages.program.printable import printable
from stages.program.redirection import own_stream, redirected

PREFIX = "train: printed by the model, or for it: "
# Bytes of a line, and lines of all models, that are shown. A model may print without end.
MAX_LINE, MAX_LINES = 1000, 20
_lines = count()


@contextmanager
def cleaned_output() -> Iterator[tuple[int, int]]:
    """Print on standard error, cleaned and cut, what the process prints meanwhile, from C, too.

    Yields descriptors of what standard output and error were until then. What this process itself
    has to say is to wait: it would be taken for the model's.
    """
    reading, writing = os.pipe()
    reader = threading.Thread(target=_pass_on, args=(reading, os.dup(2)), daemon=True)
    reader.start()
    with ExitStack() as stack:
        stack.callback(reader.join)
        end = stack.enter_context(os.fdopen(writing, "wb"))
        originals = stack.enter_context(redirected(end.fileno()))
        end.close()  # so that the pipe ends when the streams are back
        yield originals


def _pass_on(reading: int, errors: int) -> None:
    """Print the lines of a pipe, cleaned, up to its end."""
    with os.fdopen(reading, "rb") as pipe:
        for line in iter(partial(pipe.readline, MAX_LINE), b""):
            if (number := next(_lines)) <= MAX_LINES:
                with suppress(OSError):  # whoever reads no errors
                    os.write(errors, f"{_shown(line, number)}\n".encode())
    os.close(errors)


def _shown(line: bytes, number: int) -> str:
    if number == MAX_LINES:
        return f"{PREFIX}more, which is left out"
    text = line.decode("utf-8", errors="replace").rstrip("\r\n")
    return PREFIX + printable(text.expandtabs())


def speak_past(originals: tuple[int, int]) -> None:
    """Let Python print where it did before, while all else that is printed is still cleaned."""
    sys.stdout = own_stream(sys.stdout, 1, originals[0])
    sys.stderr = own_stream(sys.stderr, 2, originals[1])
