"""Files of this checkout that a task writes: its pages, its locks, its version."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from stages.errors import DiskFullError, NotWritableError
from stages.program import disk_space
from stages.program.user import this_user


@contextmanager
def writing_checkout(task: str) -> Iterator[None]:
    """Say of a file of this checkout that can't be written what fixes it, for a task of invoke.

    Elsewhere such a failure is taken for one of the artifacts folder, which may be another one.
    Raises NotWritableError or DiskFullError.
    """
    try:
        yield
    except OSError as error:
        place = error.filename or "the checkout"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NotWritableError(
                f"{place} can't be written by user {this_user()}; change its owner or mode, "
                f"or run `invoke {task}` in a checkout of your own"
            ) from error
        if error.errno in disk_space.FULL:
            raise DiskFullError(
                f"no space left at {place}; free some and run `invoke {task}` again"
            ) from error
        raise
