"""Why a bundle is rejected, in one line that names its member and a remedy that helps."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import InputCorruptError, ProofError, SchemaVersionError, StageError
from stages.program.printable import printable

MAX_CAUSE = 200
GET_AGAIN = (
    "get the bundle again if it was edited; if another version made it, check it with the commit "
    "that its manifest.json names"
)
OTHER_VERSION = "check the bundle with the commit that its manifest.json names"
# What computing a figure raises if what it follows from is not there, or is of another kind.
NOT_COMPUTABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    RuntimeWarning,
    StopIteration,
    TypeError,
    ValueError,
)


@contextmanager
def as_of_a_bundle(bundle: Path, remedy: str) -> Iterator[None]:
    """Let errors about the folder of a bundle name its members, and a remedy that helps.

    Each message is its cause, `; ` and its remedy, which is about artifacts: a stage to run again.
    Without a `remedy` it keeps its own.
    """
    try:
        yield
    except StageError as error:
        cause, _, own = str(error).rpartition("; ")
        of_member = (cause or own).replace(f"{bundle}/", "").replace(str(bundle), "the bundle")
        kind = InputCorruptError if isinstance(error, ProofError) else type(error)
        known = OTHER_VERSION if isinstance(error, SchemaVersionError) else remedy or own
        raise kind(f"{of_member}; {known}") from None


@contextmanager
def following(path: Path) -> Iterator[None]:
    """Reject the record at `path` if its figures can't be worked out at all.

    What a record or a log holds was checked one by one, but not against each other: a missing key,
    an empty list, a division by zero or a warning of NumPy's then is the record's fault.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield
    except NOT_COMPUTABLE as error:
        shown = printable(f"{type(error).__name__}: {error}", MAX_CAUSE)
        raise InputCorruptError(
            f"{path}: its figures follow from nothing there ({shown}); run its stage again"
        ) from None
