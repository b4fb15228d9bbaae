"""Whether what a program reads is there, before anything is installed or started for it."""

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from stages.agreement import require_enough
from stages.artifacts import Artifacts, read_record, require_current, verify
from stages.errors import InputMissingError, StageError
from stages.files import left_overs
from stages.folder.cache import Cache, noted_backbone
from stages.folder.lock import require_no_writer
from stages.folder.usable import known_names, require_usable, resolved
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.setting.values import DOWNLOADED
from stages.settings import Settings


def require_inputs(settings: Settings, programs: Collection[str]) -> None:
    """Check what programs that are run in order read of those that are not run before them.

    Raises NotWritableError if there can be no artifacts, InputMissingError, InputCorruptError,
    SchemaVersionError, InputStaleError, or SettingsError for too few images, as the program itself
    would; but ArtifactsBusyError in their place while another command writes there. What this user
    may not read is left to the program, which may run as another; so is what a killed command took
    away, which the program gives back.
    """
    require_usable(settings.artifacts)
    artifacts = Artifacts(resolved(settings.artifacts))
    with suppress(PermissionError):
        if _is_any_lost(artifacts.root):
            return
        try:
            _check(settings, artifacts, programs)
        except StageError:
            require_no_writer(artifacts.root)  # which may be making what is missing or too old
            raise


def _check(settings: Settings, artifacts: Artifacts, programs: Collection[str]) -> None:
    for program, check in CHECKS.items():
        if program in programs:
            check(settings, artifacts, programs)


def _is_any_lost(root: Path) -> bool:
    return root.is_dir() and bool(left_overs.lost(root, known_names(root)))


def _of_train(settings: Settings, artifacts: Artifacts, _: Collection[str]) -> None:
    if settings.backbone == DOWNLOADED:
        noted_backbone(Cache(artifacts.cache))


def _left_by_train(settings: Settings, artifacts: Artifacts, programs: Collection[str]) -> None:
    if "train" not in programs:
        verify(artifacts.train.path)
        record = read_record(artifacts.train.record, TrainRecord)
        require_enough(settings, programs, record.samples)


def _of_profile(settings: Settings, artifacts: Artifacts, programs: Collection[str]) -> None:
    _left_by_train(settings, artifacts, programs)
    if "quantize" not in programs:
        _left_by_quantize(settings.runtime, artifacts)


def _left_by_quantize(runtime: str, artifacts: Artifacts) -> None:
    folder = artifacts.quantize(runtime)
    verify(folder.path)
    made_from = read_record(folder.record, QuantizeRecord).train_sha256
    require_current(folder.path, made_from, artifacts.train.path)


def _models_of_any_runtime(
    settings: Settings, artifacts: Artifacts, programs: Collection[str]
) -> None:
    """Check that a runtime's models can be used; else say what is wrong with those that are there.

    If there are none, the first runtime's are the ones to make.
    """
    _left_by_train(settings, artifacts, programs)
    problems: list[StageError] = []
    for runtime in RUNTIME_NAMES:
        try:
            return _left_by_quantize(runtime, artifacts)
        except StageError as error:
            problems.append(error)
    wrong = (it for it in problems if not isinstance(it, InputMissingError))
    raise next(wrong, problems[0])


def _of_compare(_: Settings, artifacts: Artifacts, programs: Collection[str]) -> None:
    folders = [artifacts.profile(name).path for name in RUNTIME_NAMES]
    if "profile" not in programs and not any(folder.is_dir() for folder in folders):
        verify(folders[0])


CHECKS: dict[str, Callable[[Settings, Artifacts, Collection[str]], None]] = {
    "train": _of_train,
    "quantize": _left_by_train,
    "profile": _of_profile,
    "compare": _of_compare,
    "peers": _models_of_any_runtime,
    "rehearse": _models_of_any_runtime,
    "sweep": _of_profile,
}
