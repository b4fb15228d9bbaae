"""What an OSError is about, if Python does not know: an open file has no name for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(place: str | os.PathLike[str]) -> Iterator[None]:
    """Let an OSError within the context that names no file be about `place`."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(place)
        raise
