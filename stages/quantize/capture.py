"""What libraries say: printed, into a file, so that it does not disturb the progress; or logged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.program.redirection import redirected


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Append everything that the process prints, from C and Python alike, to `log`."""
    with log.open("ab") as stream, redirected(stream.fileno()):
        yield


@contextmanager
def errors_of(library: str) -> Iterator[list[str]]:
    """Yield what a library logs as errors meanwhile: some go on, and then fail by another."""
    logger, keeper = logging.getLogger(library), _Errors()
    logger.addHandler(keeper)
    try:
        yield keeper.texts
    finally:
        logger.removeHandler(keeper)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(" ".join(record.getMessage().split()))
