"""The only place with artifact paths: where each stage's output is, how it is read and checked.

SHA256SUMS, written last and in the format of `sha256sum`, lists every file; readers check it first.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    SchemaVersionError,
)
from stages.records.base import SCHEMA_VERSION
from stages.runtimes import RUNTIME_NAMES

CHECKSUMS = "SHA256SUMS"
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
        self.absolute = path / "fp32_int8_absolute.png"
        self.times = path / "fp32_int8_times.png"
        self.ladder = path / "precision_isa.png"


class PeersFolder:
    """Paths in artifacts/peers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "peers.json"
        self.log = path / "peers.log"
        self.models = path / "models"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The folder that all stages use."""

    root: Path

    @property
    def cache(self) -> Path:
        """Folder for downloads and embedded parts, kept between runs: see stages/cache.py."""
        return self.root / ".cache"

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

    @property
    def peers(self) -> PeersFolder:
        """Output of peers."""
        return PeersFolder(self.root / "peers")

    @property
    def compare(self) -> CompareFolder:
        """Output of compare."""
        return CompareFolder(self.root / "compare")


def _of_runtime(stage: str, runtime: str) -> str:
    return stage if runtime == RUNTIME_NAMES[0] else f"{stage}-{runtime}"


def _how_to_make(folder: Path) -> str:
    """Return the words that name the stage that writes `folder`."""
    stage, _, runtime = folder.name.partition("-")
    return f"the {stage} stage" + (f" with runtime {runtime}" if runtime else "")


def verify(folder: Path) -> str:
    """Check a stage's folder against its SHA256SUMS and return the sha256 of that list.

    Raises InputMissingError if the stage has not run, InputCorruptError if a file is missing or
    differs.
    """
    sums = folder / CHECKSUMS
    if not sums.is_file():
        raise InputMissingError(f"{folder} is missing; run {_how_to_make(folder)} first")
    for line in sums.read_text(errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise InputCorruptError(
                f"{folder / name} is missing or differs from {CHECKSUMS}; "
                f"run {_how_to_make(folder)} again"
            )
    return sha256(sums)


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
    InputCorruptError if it is truncated or lacks a field.
    """
    if not path.is_file():
        raise InputMissingError(f"{path} is missing; run {_how_to_make(path.parent)} first")
    try:
        raw = msgspec.json.decode(path.read_bytes())
        _require_version(path, raw)
        return msgspec.convert(raw, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputCorruptError(
            f"{path} can't be read ({error}); run {_how_to_make(path.parent)} again"
        ) from error


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def _require_version(path: Path, raw: Any) -> None:
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} has schema version {version}, this is {SCHEMA_VERSION}; "
            f"run {_how_to_make(path.parent)} again"
        )
