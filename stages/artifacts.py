"""The artifacts: where each stage's output is, how it is read and checked.

stage_folders.py has the paths within a stage's folder. SHA256SUMS, written last and in the format
of `sha256sum`, lists every file; readers check it first.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    SchemaVersionError,
    StageError,
)
from stages.files.checksums import CHECKSUMS, require_whole, sha256
from stages.files.member import read_plain
from stages.program.printable import printable
from stages.records import checks, reading
from stages.records.base import SCHEMA_VERSION
from stages.records.quantize import QuantizeRecord
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import (
    CompareFolder,
    PeersFolder,
    ProfileFolder,
    QuantizeFolder,
    RehearseFolder,
    StageFolder,
    SweepFolder,
    TrainFolder,
)

# The folders that train's cache has; nothing else in it is this project's.
CACHE_FOLDERS = ("backbones", "cells", "data", "features", "hub", "keras", "trials")
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The folder that all stages use."""

    root: Path

    @property
    def cache(self) -> Path:
        """Folder for downloads and embedded parts, kept between runs: see folder/cache.py."""
        return self.root / ".cache"

    def folders_in_cache(self) -> list[Path]:
        """Return the folders of the cache, whether they are there or not."""
        return [self.cache / name for name in CACHE_FOLDERS]

    @property
    def train(self) -> TrainFolder:
        """Output of train."""
        return TrainFolder(self.root / "train")

    def quantize(self, runtime: str) -> QuantizeFolder:
        """Output of quantize by a runtime."""
        return QuantizeFolder(self.root / _of_runtime("quantize", runtime))

    def profile(self, runtime: str) -> ProfileFolder:
        """Output of profile by a runtime."""
        return ProfileFolder(self.root / _of_runtime("profile", runtime))

    def trials_of(self, runtime: str) -> Path:
        """Return the folder of a runtime's trials that quantize has not handed over yet."""
        return self.cache / "trials" / self.quantize(runtime).path.name

    def cells_of(self, runtime: str) -> Path:
        """Return the folder of what profile knows of a runtime's cells: see profile/known.py."""
        return self.cache / "cells" / self.profile(runtime).path.name

    @property
    def peers(self) -> PeersFolder:
        """Output of peers."""
        return PeersFolder(self.root / "peers")

    @property
    def rehearse(self) -> RehearseFolder:
        """Output of rehearse."""
        return RehearseFolder(self.root / "rehearse")

    def sweep(self, runtime: str) -> SweepFolder:
        """Output of sweep by a runtime."""
        return SweepFolder(self.root / _of_runtime("sweep", runtime))

    @property
    def compare(self) -> CompareFolder:
        """Output of compare."""
        return CompareFolder(self.root / "compare")

    @property
    def history(self) -> Path:
        """Folder of the measurements that later ones replaced: see folder/history.py."""
        return self.root / "history"

    def history_of(self, runtime: str) -> Path:
        """Return the folder of those of a runtime, each in a folder named by when it was made."""
        return self.history / self.profile(runtime).path.name

    def stages(self) -> list[StageFolder]:
        """Return the folders of all stages, in their order, whether they are there or not."""
        by_runtime: list[StageFolder] = [*map(self.quantize, RUNTIME_NAMES)]
        by_runtime += map(self.profile, RUNTIME_NAMES)
        sweeps = map(self.sweep, RUNTIME_NAMES)
        return [self.train, *by_runtime, self.compare, self.peers, self.rehearse, *sweeps]

    def stage_at(self, path: Path) -> StageFolder | None:
        """Return the stage's folder at a path, None if it is none's."""
        return next((stage for stage in self.stages() if stage.path == path), None)


def _of_runtime(stage: str, runtime: str) -> str:
    return stage if runtime == RUNTIME_NAMES[0] else f"{stage}-{runtime}"


def _how_to_make(folder: Path) -> str:
    """Return the words that name the stage that writes `folder`."""
    stage, _, runtime = folder.name.partition("-")
    return f"the {stage} stage" + (f" with runtime {runtime}" if runtime else "")


def verify(folder: Path, required: Iterable[str] = ()) -> str:
    """Check a folder that was handed over and return the sha256 of its list of checksums.

    A stage's folder must have its record, and any folder the files `required`. Raises
    InputMissingError if the stage has not run, InputCorruptError if a file is missing, differs, is
    not listed, or is no plain file.
    """
    if not os.path.lexists(folder):
        raise InputMissingError(f"{folder} is missing; run {_how_to_make(folder)} first")
    if folder.is_symlink() or not folder.is_dir():
        raise InputCorruptError(f"{folder} is no folder, which a stage leaves; remove it")
    stage = Artifacts(folder.parent).stage_at(folder)
    wanted = [*required, *([stage.record.name] if stage else [])]
    require_whole(folder, wanted, f"run {_how_to_make(folder)} again")
    return sha256(folder / CHECKSUMS)


def require_current(folder: Path, made_from: str, source: Path) -> None:
    """Raise InputStaleError if `folder` was not made from `source` as it is now.

    `made_from` is the sha256 of `source`'s list of checksums, as the record in `folder` keeps it.
    """
    if not _is_now(made_from, source):
        first = _first_to_run(folder)
        after = "" if first == folder else f", then {_how_to_make(folder)}"
        raise InputStaleError(
            f"{folder} was made from other inputs than those present; "
            f"run {_how_to_make(first)} again{after}"
        )


def _is_now(made_from: str, source: Path) -> bool:
    return (source / CHECKSUMS).is_file() and sha256(source / CHECKSUMS) == made_from


def _first_to_run(folder: Path) -> Path:
    """Return the folder of the first stage that has to run for `folder` to be made again.

    That is quantize's if none that `folder` could be made from is of train's as it is now.
    """
    artifacts = Artifacts(folder.parent)
    stage, _, runtime = folder.name.partition("-")
    if not (artifacts.train.path / CHECKSUMS).is_file():
        return artifacts.train.path
    by_runtime = stage in ("quantize", "profile", "sweep")
    names = [runtime or RUNTIME_NAMES[0]] if by_runtime else RUNTIME_NAMES
    found = [artifacts.quantize(name) for name in names]
    if stage == "quantize" or any(_is_quantized(it, artifacts.train) for it in found):
        return folder
    return next((it.path for it in found if it.path.is_dir()), found[0].path)


def _is_quantized(folder: QuantizeFolder, train: TrainFolder) -> bool:
    """Return whether quantize's folder is of train's as it is now, as far as it can be read."""
    try:
        return _is_now(read_record(folder.record, QuantizeRecord).train_sha256, train.path)
    except (StageError, OSError):
        return False


def write_record(path: Path, record: Any) -> None:
    """Write a record, which is a dataclass of stages.records, as indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_record(path: Path, kind: type[RecordT]) -> RecordT:
    """Return the record of type `kind` in a file.

    Raises InputMissingError if there is no file, SchemaVersionError if another version wrote it,
    InputCorruptError if it is truncated, lacks a field or has one that is not known, or if a value
    is out of range or contradicts another.
    """
    try:
        raw = reading.parse(read_plain(path, reading.MAX_BYTES))
        _require_version(path, raw)
        record = reading.convert(raw, kind)
        for problem in checks.problems(record):
            raise reading.ReadError(problem)
        return record
    except FileNotFoundError:
        raise InputMissingError(
            f"{path} is missing; run {_how_to_make(path.parent)} first"
        ) from None
    except reading.ReadError as error:
        raise InputCorruptError(
            f"{path} can't be read ({error}); run {_how_to_make(path.parent)} again"
        ) from None


def _require_version(path: Path, raw: Any) -> None:
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION or isinstance(version, bool | float):
        raise SchemaVersionError(
            f"{path} has schema version {printable(str(version), 20)}, this is {SCHEMA_VERSION}; "
            f"run {_how_to_make(path.parent)} again"
        )
