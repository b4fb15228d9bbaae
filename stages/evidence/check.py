"""Check a bundle: every file by its hash, every figure by its samples, every record by the next.

This needs nothing but the bundle: no network, no engine, no TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from stages.artifacts import Artifacts, ProfileFolder, read_record, require_current, verify
from stages.checksums import CHECKSUMS, read_checksums, sha256
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.evidence.collect import (
    ARTIFACTS_FOLDER,
    bundled_files,
    excluded_folders,
    is_within,
)
from stages.evidence.unlike import unlike
from stages.peers import rederive as peers
from stages.peers.table import render as render_peers
from stages.profile import rederive as profile
from stages.profile.summary import summaries
from stages.quantize import rederive as quantize
from stages.records.base import Record, Source
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.train import rederive as train

MAX_SHOWN = 5
REMEDY = "the bundle was edited, or made by another version"
RecordT = TypeVar("RecordT", bound=Record)


def check(bundle: Path) -> list[str]:
    """Return a line for each thing that was checked in the folder of a bundle.

    Raises InputCorruptError if a file, a figure or a record is not what it must be.
    """
    verify(bundle)
    artifacts = Artifacts(bundle / ARTIFACTS_FOLDER)
    lines = [check_files(artifacts), check_train(artifacts)]
    for runtime in RUNTIME_NAMES:
        if artifacts.quantize(runtime).path.is_dir():
            lines.append(check_quantize(artifacts, runtime))
        if artifacts.profile(runtime).path.is_dir():
            lines.append(check_profile(artifacts, runtime))
    lines.append(check_comparison(artifacts))
    if artifacts.peers.path.is_dir():
        lines.append(check_peers(artifacts))
    return lines


def makers(bundle: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each record in the folder of a bundle, and the image that made it."""
    artifacts = Artifacts(bundle / ARTIFACTS_FOLDER)
    kinds: list[tuple[Path, type[Record]]] = [
        (artifacts.train.record, TrainRecord),
        *((artifacts.quantize(runtime).record, QuantizeRecord) for runtime in RUNTIME_NAMES),
        (artifacts.compare.record, CompareRecord),
        (artifacts.peers.record, PeersRecord),
    ]
    for path, kind in kinds:
        if path.is_file():
            yield path.name, read_record(path, kind).maker.image
    for runtime_profile in read_profiles(artifacts):
        path = artifacts.profile(runtime_profile.runtime).record
        yield path.name, runtime_profile.record.maker.image


def check_files(artifacts: Artifacts) -> str:
    """Check each stage's files by the stage's own list.

    Like all checks, return what was checked, or raise InputCorruptError.
    """
    excluded = excluded_folders(artifacts)
    folders = [stage.path for stage in artifacts.stages() if stage.path.is_dir()]
    files = sum(_check_folder(folder, excluded) for folder in folders)
    return f"{files} files of {len(folders)} stages are as their stage left them"


def _check_folder(folder: Path, excluded: Sequence[Path]) -> int:
    """Check the files of one stage, and return how many there are."""
    present = list(bundled_files(folder, excluded))
    listed = {folder / name: text for name, text in read_checksums(folder, REMEDY).items()}
    missing = [path for path in listed if path not in present and not is_within(path, excluded)]
    others = [path for path in present if path.name != CHECKSUMS and path not in listed]
    changed = [path for path in present if path in listed and sha256(path) != listed[path]]
    for paths, what in ((missing, "is missing"), (others, "is not listed"), (changed, "differs")):
        if paths:
            raise InputCorruptError(f"{paths[0]} {what}, by {folder / CHECKSUMS}; {REMEDY}")
    return len(present)


def check_train(artifacts: Artifacts) -> str:
    """Check train.json."""
    record = _checked(artifacts.train.record, TrainRecord, train.rederived)
    images = sum(len(classes) for classes in record.predictions.values())
    return f"train: the accuracies follow from {images} predictions"


def check_quantize(artifacts: Artifacts, runtime: str) -> str:
    """Check the quantize.json of a runtime."""
    folder = artifacts.quantize(runtime)
    record = _checked(
        folder.record,
        QuantizeRecord,
        partial(quantize.rederived, folder=folder),
        runtime=runtime,
    )
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    made = [variant for variant in record.variants if not variant.missing]
    return (
        f"{runtime}: each trial ({len(record.trials)}) and variant ({len(made)}) follows from its "
        "batches and predictions, the layers from oneDNN's logs"
    )


def check_profile(artifacts: Artifacts, runtime: str) -> str:
    """Check the measurements.json of a runtime, and the summaries beside it."""
    folder = artifacts.profile(runtime)
    record = _checked(
        folder.record,
        ProfileRecord,
        partial(profile.rederived, folder=folder),
        runtime=runtime,
        **_sources(artifacts),
    )
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    require_current(folder.path, record.quantize_sha256, artifacts.quantize(runtime).path)
    profiles = {read.runtime: read for read in read_profiles(artifacts)}
    _require_summaries(folder, profiles[runtime].summaries, record)
    cells = sum(cell.measurement is not None for cell in record.cells)
    proofs = sum(cell.proof is not None for cell in record.cells)
    return (
        f"{runtime}: {cells} cells and their repeat follow from {profile.count_runs(record)} runs "
        f"and LoadGen's logs, {proofs} proofs from oneDNN's"
    )


def check_comparison(artifacts: Artifacts) -> str:
    """Check compare.json and compare.log."""
    folder, profiles = artifacts.compare, read_profiles(artifacts)
    recorded, derived = read_record(folder.record, CompareRecord), compare(profiles)
    _require_alike(folder.record, recorded, derived)
    text = render(derived, {read.runtime: read.summaries for read in profiles})
    _require_text(folder.log, text)
    return f"the comparison's {len(recorded.rows)} rows follow from the cells"


def check_peers(artifacts: Artifacts) -> str:
    """Check peers.json and peers.log."""
    folder = artifacts.peers
    record = _checked(folder.record, PeersRecord, peers.rederived, **_sources(artifacts))
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    for runtime, digest in record.quantize_sha256.items():
        require_current(folder.path, digest, artifacts.quantize(runtime).path)
    _require_text(folder.log, render_peers(record))
    return f"peers: each ratio ({len(record.ratios)}) follows from the batches of both"


def _checked(
    path: Path, kind: type[RecordT], rederived: Callable[[RecordT], RecordT], **known: Any
) -> RecordT:
    """Return the record at `path`, whose figures are what its samples give.

    `known` are fields whose value another record, or the place of this one, gives.
    """
    record = read_record(path, kind)
    try:
        derived = replace(rederived(record), **known)
    except (OSError, LookupError, ValueError, StopIteration, ArithmeticError) as error:
        raise InputCorruptError(
            f"{path}: its figures follow from nothing there ({error!r}); {REMEDY}"
        ) from None
    _require_alike(path, record, derived)
    _require_settings(path, record)
    return record


def _sources(artifacts: Artifacts) -> dict[str, Source]:
    """Return the data and backbone that train.json names, and all later records must."""
    record = read_record(artifacts.train.record, TrainRecord)
    return {"data": record.data, "backbone": record.backbone}


def _require_summaries(
    folder: ProfileFolder, recorded: Sequence[ModelSummary], record: ProfileRecord
) -> None:
    wanted = summaries(record)
    if len(recorded) != len(wanted):
        raise InputCorruptError(
            f"{folder.path} has {len(recorded)} summaries, its record gives {len(wanted)}; {REMEDY}"
        )
    for summary, derived in zip(recorded, wanted, strict=True):
        _require_alike(folder.path, summary, derived)


def _require_alike(path: Path, recorded: Record, derived: Record) -> None:
    lines = [line for line in unlike(recorded, derived) if not line.startswith("maker")]
    if lines:
        shown = "; ".join(lines[:MAX_SHOWN])
        more = f" and {len(lines) - MAX_SHOWN} more" if len(lines) > MAX_SHOWN else ""
        raise InputCorruptError(f"{path}: {shown}{more}; {REMEDY}")


def _require_settings(path: Path, record: Record) -> None:
    """Raise InputCorruptError if a field differs from the setting that it was taken from."""
    for name, text in record.maker.settings.items():
        value = getattr(record, name, text)
        if isinstance(value, str | int | float) and str(value) != text:
            raise InputCorruptError(f"{path}: {name} is {value}, was set to {text}; {REMEDY}")


def _require_text(path: Path, derived: str) -> None:
    if path.read_text(encoding="utf-8") != derived:
        raise InputCorruptError(f"{path} is not what its record gives; {REMEDY}")
