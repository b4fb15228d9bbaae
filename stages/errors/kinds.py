"""One tree of errors, with an exit code for each kind.

Every message is one line: the cause, then the remedy.
"""

from typing import ClassVar


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
    """No space is left for the artifacts, for temporary files, or where the output goes."""

    exit_code = 8
    remedy = "free some space and run the stage again; earlier artifacts are kept"


class DownloadError(StageError):
    """A hub of models or data, or a service, can't be reached, or its file is another."""

    exit_code = 9
    remedy = "connect to the network, set the proxy variables, or choose embedded"


class ModelError(StageError):
    """A model does not have the form that a stage needs."""

    exit_code = 10
    remedy = "give a model of the form that the message asks for"


class AccuracyBoundError(StageError):
    """No quantization trial met the accuracy bound."""

    exit_code = 11
    remedy = (
        "raise tolerable_loss, tolerable_disagreement or max_trials, or calibrate with more images"
    )


class PinningError(StageError):
    """Cores could not be pinned as asked."""

    exit_code = 12
    remedy = "install numactl, or give VGG19_CORES some of the cores that are allowed here"


class WorkerError(StageError):
    """A measuring process died, hung or returned no result."""

    exit_code = 13
    remedy = "read the lines above, its last ones; raise worker_timeout_s if time ran out"

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        """With `may_pass` it may go well another time: time ran out, or another ended it."""
        super().__init__(message)
        self.may_pass = may_pass


class ProofError(StageError):
    """The oneDNN log shows that a run was not what its name says."""

    exit_code = 14
    remedy = "leave out the cell that is named (isas, precisions), and report the message"


class EngineError(StageError):
    """No container engine, or no Apptainer, answers, or it refused."""

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


class NotTrustedError(StageError):
    """All was done, and what was measured is not to be trusted."""

    exit_code = 23
    remedy = "do what the message says, then profile and compare again; what was made is kept"


class DataError(StageError):
    """A data set does not have the form that train needs."""

    exit_code = 24
    remedy = "give a folder of pictures, or a set, of the form that the message asks for"


class SchedulerError(StageError):
    """No batch scheduler answers, it refused a job, or a job did not end well."""

    exit_code = 25
    remedy = "do what `invoke jobs` says of each job; what other jobs left is kept"


def of_kind(exit_code: int, message: str) -> StageError:
    """Return an error of the kind that has `exit_code`, a plain StageError if none has it."""
    kinds = {kind.exit_code: kind for kind in StageError.__subclasses__()}
    return kinds.get(exit_code, StageError)(message)
