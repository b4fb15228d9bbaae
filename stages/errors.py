"""One tree of errors, an exit code for each kind, and the one place that catches them.

Every message is one line: the cause, then the remedy.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from stages.program import disk_space, streams
from stages.program.host_path import as_on_host
from stages.program.printable import printable, shortened
from stages.program.signals import SIGNALLED, UNTOUCHED, as_exceptions
from stages.program.signals import Terminated as Terminated


class StageError(Exception):
    """A failure that the user can fix.

    `exit_code` is that of its kind; `remedy` is what fixes most of that kind, for
    docs/exit-codes.md: the message has what fixes this one.
    """

    exit_code: ClassVar[int] = 1
    remedy: ClassVar[str] = "do what the message says"


class SettingsError(StageError):
    """A setting is unknown, out of range, or contradicts another."""

    exit_code = 2
    remedy = "give what the message names; docs/settings.md lists all that may be given"


class InputMissingError(StageError):
    """An artifact that an earlier stage should have left is not there."""

    exit_code = 3
    remedy = "run the stage that the message names first"


class InputCorruptError(StageError):
    """An artifact differs from its checksum, or can't be parsed."""

    exit_code = 4
    remedy = "run the stage that the message names again; get a damaged bundle again"


class SchemaVersionError(StageError):
    """An artifact was written by another version of this project."""

    exit_code = 5
    remedy = "run the stage that the message names again, and those after it"


class InputStaleError(StageError):
    """An artifact was made from other inputs than those present."""

    exit_code = 6
    remedy = "run the stage that the message names again, and those after it"


class NotWritableError(StageError):
    """The artifacts folder, or a file that is asked for, can't be written or is no such folder."""

    exit_code = 7
    remedy = "make the folder writable, or set VGG19_ARTIFACTS to another; remove what is named"


class DiskFullError(StageError):
    """No space is left for the artifacts, or for temporary files."""

    exit_code = 8
    remedy = "free some space and run the stage again; earlier artifacts are kept"


class DownloadError(StageError):
    """A hub of models or data, or a service, could not be reached."""

    exit_code = 9
    remedy = "connect to the network, set the proxy variables, or choose embedded"


class ModelError(StageError):
    """A model does not have the form that a stage needs."""

    exit_code = 10
    remedy = "give a model of the form that the message asks for"


class AccuracyBoundError(StageError):
    """No quantization trial met the accuracy bound."""

    exit_code = 11
    remedy = "raise tolerable_loss or max_trials, or calibrate with more images"


class PinningError(StageError):
    """Cores could not be pinned as asked."""

    exit_code = 12
    remedy = "install numactl, or give VGG19_CORES some of the cores that are allowed here"


class WorkerError(StageError):
    """A measuring process died, hung or returned no result."""

    exit_code = 13
    remedy = "read the lines above, its last ones; raise worker_timeout_s if time ran out"


class ProofError(StageError):
    """The oneDNN log shows that a run was not what its name says."""

    exit_code = 14
    remedy = "leave out the cell that is named (isas, precisions), and report the message"


class EngineError(StageError):
    """No container engine answers, or it refused."""

    exit_code = 15
    remedy = "do what the message says; or use no engine: `invoke pipeline --runner local`"


class HostError(StageError):
    """This machine can't run what was asked for."""

    exit_code = 17
    remedy = "ask for less (isas, precisions, instances), or use another machine"


class IncompleteHostError(StageError):
    """This machine can't make the full comparison."""

    exit_code = 18
    remedy = "measure what can be measured, or use a machine that has what is missing"


class CoresBusyError(StageError):
    """Another run measures on the same cores."""

    exit_code = 19
    remedy = "wait until the other run ends, or set VGG19_CORES to other cores"


class NotReproducedError(StageError):
    """A build came out other than what is locked."""

    exit_code = 20
    remedy = "read above what differs; after a change, run `invoke lock --images`"


class ArtifactsBusyError(StageError):
    """Another command writes to the artifacts folder, or reads it."""

    exit_code = 21
    remedy = "wait until the command that is named ends, or set VGG19_ARTIFACTS to another folder"


class VulnerabilityError(StageError):
    """A locked package has a known vulnerability of which nothing is decided, or no longer."""

    exit_code = 22
    remedy = "lock a version that fixes it, or say in docker/requirements/audit.yaml why not"


INTERNAL_EXIT_CODE = 70
INTERRUPTED_EXIT_CODE = SIGNALLED + signal.SIGINT
# Nobody reads the output any more.
CLOSED_EXIT_CODE = SIGNALLED + signal.SIGPIPE
# Within it a stage must end, before whoever started it kills it.
GIVE_UP_S = 2.0


def of_kind(exit_code: int, message: str) -> StageError:
    """Return an error of the kind that has `exit_code`, a plain StageError if none has it."""
    kinds = {kind.exit_code: kind for kind in StageError.__subclasses__()}
    return kinds.get(exit_code, StageError)(message)


def from_os_error(error: OSError) -> StageError | None:
    """Return the StageError of a failure of the file system, None if it is another failure."""
    place = shortened(os.fsdecode(error.filename or "the artifacts folder"))
    if error.errno in disk_space.FULL:
        return DiskFullError(f"no space left at {place}; free some and run the stage again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotWritableError(
            f"{place} can't be read or written by this user; "
            "change its owner or mode, or set VGG19_ARTIFACTS"
        )
    if error.errno in (errno.EIO, errno.ESTALE, errno.EXDEV, errno.EFBIG, errno.ENAMETOOLONG):
        return NotWritableError(
            f"{place} can't be read or written ({error.strerror}); "
            "look after that disk, or set VGG19_ARTIFACTS to a folder on another"
        )
    return None


def _translate(error: Exception) -> StageError | None:
    if isinstance(error, StageError):
        return error
    known = from_os_error(error) if isinstance(error, OSError) else None
    return known or _as_full_disk(error)


def _as_full_disk(error: Exception) -> StageError | None:
    """Return what to say of an error that only a full disk can explain, None if it is another."""
    place = disk_space.full_among([disk_space.temporary_folder()])
    if not place and not disk_space.is_said_by(error):
        return None
    where = f"at {place}" if place else "for the artifacts"
    return DiskFullError(f"no space left {where}; free some and run the stage again")


def exit_code_of(name: str, run: Callable[[], None], give_up_s: float = 0.0) -> int:
    """Run `run` and return its exit code; print a failure as one line that begins with `name`.

    A signal that asks it to end is a failure, too: see program/signals.py. If nobody reads what is
    printed any more, it ends without a word.
    """
    streams.prepare()
    code = 0
    try:
        with as_exceptions(name, give_up_s):
            run()
            streams.flush()
    except BaseException as error:
        code, line = _ending(error)
        if line:
            _say(f"{name}: {line}")
    streams.discard_unwritable()
    return code


def _ending(error: BaseException) -> tuple[int, str]:
    """Return the exit code of a failure, and the line that says it."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED_EXIT_CODE, f"interrupted; {UNTOUCHED}"
        case Terminated():
            return error.exit_code, f"{error}; {UNTOUCHED}"
        case BrokenPipeError() if streams.discard_unread():
            return streams.UNREAD_EXIT_CODE, ""
        case Exception():
            return _failure(error)
    raise error


def _failure(error: Exception) -> tuple[int, str]:
    known = _translate(error)
    if known is None:
        traceback.print_exception(error)
        return INTERNAL_EXIT_CODE, "internal error; please report the lines above"
    # A name in it may be a stranger's: it must neither begin a line nor steer the terminal.
    return known.exit_code, f"error: {printable(as_on_host(str(known)))}"


def _say(text: str) -> None:
    """Print to stderr, if anybody reads it: the exit code says the rest."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
