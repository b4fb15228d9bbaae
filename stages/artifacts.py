"""The only place with artifact paths: where each stage's output is, how it is read and checked.

SHA256SUMS, written last and in the format of `sha256sum`, lists every file; readers check it first.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    SchemaVersionError,
)
from stages.files.checksums import CHECKSUMS, require_whole, sha256
from stages.files.member import read_plain
from stages.program.printable import printable
from stages.records import checks, reading
from stages.records.base import SCHEMA_VERSION
from stages.runtimes import RUNTIME_NAMES

# The folders that train's cache has; nothing else in it is this project's.
CACHE_FOLDERS = ("backbones", "cells", "data", "features", "hub", "keras", "trials")
RecordT = TypeVar("RecordT")


class TrainFolder:
    """Paths in artifacts/train."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "train.json"
        self.model = path / "model_keras.fp32"
        self.calibration = path / "data" / "calibration.npz"
        self.validation = path / "data" / "validation.npz"
        self.test = path / "data" / "test.npz"


class QuantizeFolder:
    """Paths in artifacts/quantize."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "quantize.json"
        self.model = path / "model_pb.int8"
        self.log = path / "quantize.log"
        self.proof = path / "proof"


class ProfileFolder:
    """Paths in artifacts/profile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "measurements.json"
        self.proof = path / "proof"
        self.loadgen = path / "loadgen"
        self.summary_fp32 = path / "32.json"
        self.summary_int8 = path / "8.json"


class CompareFolder:
    """Paths in artifacts/compare."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "compare.json"
        self.log = path / "compare.log"
        self.page = path / "report.html"
        self.summary_csv = path / "summary.csv"
        self.summary_markdown = path / "summary.md"
        self.absolute = path / "fp32_int8_absolute.png"
        self.times = path / "fp32_int8_times.png"
        self.ladder = path / "precision_isa.png"
        self.latency = path / "latency.png"
        self.layers = path / "layers.png"
        self.instances = path / "instances.png"
        self.roofline = path / "roofline.png"
        self.rehearsal = path / "rehearsal.png"
        # Each picture as an SVG, too.
        self.drawings = [
            it.with_suffix(".svg") for it in vars(self).values() if it.suffix == ".png"
        ]


class PeersFolder:
    """Paths in artifacts/peers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "peers.json"
        self.log = path / "peers.log"
        self.models = path / "models"


class RehearseFolder:
    """Paths in artifacts/rehearse."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "rehearsal.json"
        self.log = path / "rehearsal.log"
        self.proof = path / "proof"


class TrialFolder:
    """Paths of a trial that quantize has done, in the folder of those that it has not handed over.

    What one op costs in INT8 is such a trial, too, whose model and log are not kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "trial.json"
        self.model = path / "model_pb.int8"
        self.log = path / "trial.log"

    @property
    def name(self) -> str:
        """What its model is called in messages."""
        return self.path.name


StageFolder: TypeAlias = (
    TrainFolder | QuantizeFolder | ProfileFolder | CompareFolder | PeersFolder | RehearseFolder
)


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
        return [self.train, *by_runtime, self.compare, self.peers, self.rehearse]

    def stage_at(self, path: Path) -> StageFolder | None:
        """Return the stage's folder at a path, None if it is none's."""
        return next((stage for stage in self.stages() if stage.path == path), None)


def places(stage: StageFolder | TrialFolder) -> set[str]:
    """Return the relative paths of the files and folders that a stage's folder is known to have."""
    values = [value if isinstance(value, list) else [value] for value in vars(stage).values()]
    paths: list[Path] = [path for own in values for path in own if path != stage.path]
    return {path.relative_to(stage.path).as_posix() for path in paths}


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
    if not (source / CHECKSUMS).is_file() or sha256(source / CHECKSUMS) != made_from:
        raise InputStaleError(
            f"{folder} was made from other inputs than those present; "
            f"run {_how_to_make(folder)} again"
        )


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
