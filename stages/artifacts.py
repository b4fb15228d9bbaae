"""The only place with artifact paths: where each stage's output is, how it is handed over.

A stage writes to a temporary folder beside its own and the two are swapped once all is written,
so a failure leaves the earlier artifacts untouched. SHA256SUMS, written last in the format of
`sha256sum`, lists every file; readers check it first.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    NotWritableError,
    SchemaVersionError,
)
from stages.records import SCHEMA_VERSION

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


class ProfileFolder:
    """Paths in artifacts/profile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "measurements.json"
        self.proof = path / "proof"
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


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The folder that the stages share."""

    root: Path

    @property
    def cache(self) -> Path:
        """Folder for downloads and embedded parts, kept between runs; train alone writes it."""
        return self.root / ".cache"

    @property
    def train(self) -> TrainFolder:
        """Output of train."""
        return TrainFolder(self.root / "train")

    @property
    def quantize(self) -> QuantizeFolder:
        """Output of quantize."""
        return QuantizeFolder(self.root / "quantize")

    @property
    def profile(self) -> ProfileFolder:
        """Output of profile."""
        return ProfileFolder(self.root / "profile")

    @property
    def compare(self) -> CompareFolder:
        """Output of compare."""
        return CompareFolder(self.root / "compare")


@contextmanager
def handing_over(folder: Path) -> Iterator[Path]:
    """Give a temporary folder to write to; on success it becomes `folder`, checksummed.

    On failure it is removed and `folder` stays as it was. Raises NotWritableError where the
    artifacts folder can't be written.
    """
    _require_writable(folder.parent)
    partial, previous = (folder.with_name(f".{folder.name}.{kind}") for kind in ("new", "old"))
    _clear_left_overs(folder, partial, previous)
    partial.mkdir()
    try:
        yield partial
        _write_checksums(partial)
        if folder.exists():
            folder.rename(previous)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(previous, ignore_errors=True)


def verify(folder: Path) -> str:
    """Check a stage's folder against its SHA256SUMS and return the sha256 of that list.

    Raises InputMissingError where the stage has not run, InputCorruptError where a file is
    missing or differs.
    """
    sums = folder / CHECKSUMS
    if not sums.is_file():
        raise InputMissingError(f"{folder} is missing; run the {folder.name} stage first")
    for line in sums.read_text().splitlines():
        digest, _, name = line.partition("  ")
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise InputCorruptError(
                f"{folder / name} is missing or differs from {CHECKSUMS}; "
                f"run the {folder.name} stage again"
            )
    return sha256(sums)


def require_current(folder: Path, made_from: str, source: Path) -> None:
    """Raise InputStaleError where `folder` was not made from `source` as it is now.

    `made_from` is the sha256 of the list of checksums that `folder`'s record keeps of `source`.
    """
    if not (source / CHECKSUMS).is_file() or sha256(source / CHECKSUMS) != made_from:
        raise InputStaleError(
            f"{folder} was made from other inputs than those present; "
            f"run the {folder.name} stage again"
        )


def write_record(path: Path, record: Any) -> None:
    """Write a record (a dataclass of stages.records) as indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_record(path: Path, kind: type[RecordT]) -> RecordT:
    """Read a record of the given type.

    Raises InputMissingError, SchemaVersionError for another version's file, InputCorruptError
    for one that is truncated or lacks a field.
    """
    if not path.is_file():
        raise InputMissingError(f"{path} is missing; run the {path.parent.name} stage first")
    try:
        raw = msgspec.json.decode(path.read_bytes())
        _require_version(path, raw)
        return msgspec.convert(raw, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputCorruptError(
            f"{path} can't be read ({error}); run the {path.parent.name} stage again"
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
            f"run the {path.parent.name} stage again"
        )


def _require_writable(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        writable = os.access(root, os.W_OK | os.X_OK)
    except (FileExistsError, NotADirectoryError, PermissionError):
        writable = False
    if not writable:
        raise NotWritableError(
            f"{root} can't be written by user {os.getuid()}; "
            "make the folder writable or set VGG19_ARTIFACTS"
        )


def _clear_left_overs(folder: Path, partial: Path, previous: Path) -> None:
    if previous.exists() and not folder.exists():  # killed between the two renames
        previous.rename(folder)
    for left_over in (partial, previous):
        shutil.rmtree(left_over, ignore_errors=True)


def _write_checksums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines))
