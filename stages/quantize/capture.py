"""What native libraries print, kept in a file so that it does not disturb the progress shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.program.redirection import redirected


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Append everything that the process prints, from C and Python alike, to `log`."""
    with log.open("ab") as stream, redirected(stream.fileno()):
        yield
