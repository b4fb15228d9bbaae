"""Check a bundle: every file by its hash, every figure by its samples, every record by the next.

This needs nothing but the bundle: no network, no engine, no TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from stages.artifacts import (
    Artifacts,
    PeersFolder,
    RehearseFolder,
    read_record,
    require_current,
)
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.rehearsed import NOTHING, read_rehearsed
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.evidence.collect import ARTIFACTS_FOLDER, excluded_folders, is_within
from stages.evidence.listing import REMEDY, require_listed
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle, following
from stages.evidence.requirements import (
    require_alike,
    require_settings,
    require_summaries,
    require_text,
)
from stages.files.checksums import read_checksums
from stages.peers import rederive as peers
from stages.peers.table import render as render_peers
from stages.profile import rederive as profile
from stages.program.printable import printable
from stages.quantize import rederive as quantize
from stages.records.base import Record, Source
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import REHEARSED, RehearsalRecord
from stages.records.train import TrainRecord
from stages.rehearse import rederive as rehearse
from stages.rehearse.table import render as render_rehearsal
from stages.runtimes import RUNTIME_NAMES
from stages.train import rederive as train

RecordT = TypeVar("RecordT", bound=Record)
# Records of programs beside the pipeline, which use the models of all runtimes.
BesideT = TypeVar("BesideT", PeersRecord, RehearsalRecord)


def check(bundle: Path, remedy: str = GET_AGAIN) -> list[str]:
    """Return a line for each thing that was checked in the folder of a bundle.

    Raises InputCorruptError if a file, a figure or a record is not what it must be; its message
    ends with `remedy`.
    """
    with as_of_a_bundle(bundle, remedy):
        return _check(bundle)


def _check(bundle: Path) -> list[str]:
    require_listed(bundle, names_in(bundle), read_checksums(bundle, REMEDY))
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
    if artifacts.rehearse.path.is_dir():
        lines.append(check_rehearsal(artifacts))
    return lines


def makers(bundle: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each record in the folder of a bundle, and the image that made it."""
    artifacts = Artifacts(bundle / ARTIFACTS_FOLDER)
    kinds: list[tuple[Path, type[Record]]] = [
        (artifacts.train.record, TrainRecord),
        *((artifacts.quantize(runtime).record, QuantizeRecord) for runtime in RUNTIME_NAMES),
        (artifacts.compare.record, CompareRecord),
        (artifacts.peers.record, PeersRecord),
        (artifacts.rehearse.record, RehearsalRecord),
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
    _require_known(artifacts, folders)
    files = sum(_check_folder(folder, excluded) for folder in folders)
    return f"{files} files of {len(folders)} stages are as their stage left them"


def _require_known(artifacts: Artifacts, folders: Sequence[Path]) -> None:
    if not artifacts.root.is_dir():
        raise InputCorruptError(f"{artifacts.root} is no folder; run the pipeline first")
    for path in sorted(artifacts.root.iterdir()):
        if path not in folders:
            raise InputCorruptError(f"{printable(str(path))} is of no stage; remove it")


def _check_folder(folder: Path, excluded: Sequence[Path]) -> int:
    """Check the files of one stage, and return how many there are."""
    files, listed = names_in(folder), read_checksums(folder, REMEDY)
    absent = {name for name in listed if is_within(folder / name, excluded)}
    if absent & files:
        raise InputCorruptError(f"{folder / min(absent & files)} is in no bundle; remove it")
    require_listed(folder, files, listed, absent)
    return len(files)


def names_in(folder: Path) -> set[str]:
    """Return the path of each file within a folder."""
    paths = (path for path in folder.rglob("*") if not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in paths}


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
    require_summaries(folder, profiles[runtime].summaries, record)
    cells = sum(cell.measurement is not None for cell in record.cells)
    proofs = sum(cell.proof is not None for cell in record.cells)
    return (
        f"{runtime}: {cells} cells and their repeat follow from {profile.count_runs(record)} runs "
        f"and LoadGen's logs, {proofs} proofs from oneDNN's"
    )


def check_comparison(artifacts: Artifacts) -> str:
    """Check compare.json and compare.log."""
    folder, profiles = artifacts.compare, read_profiles(artifacts)
    recorded = read_record(folder.record, CompareRecord)
    with following(folder.record):
        derived = compare(profiles)
        summaries = {read.runtime: read.summaries for read in profiles}
        # Whether it was rehearsed before it was compared, no record says.
        texts = [
            render(derived, summaries, rehearsed)
            for rehearsed in (NOTHING, read_rehearsed(artifacts, profiles))
        ]
    require_alike(folder.record, recorded, derived)
    require_text(folder.log, *texts)
    return f"the comparison's {len(recorded.rows)} rows follow from the cells"


def check_peers(artifacts: Artifacts) -> str:
    """Check peers.json and peers.log."""
    folder = artifacts.peers
    record = _checked(folder.record, PeersRecord, peers.rederived, **_sources(artifacts))
    _check_beside(artifacts, folder, record, render_peers)
    return f"peers: each ratio ({len(record.ratios)}) follows from the batches of both"


def check_rehearsal(artifacts: Artifacts) -> str:
    """Check rehearsal.json and rehearsal.log."""
    folder = artifacts.rehearse
    test = read_record(artifacts.train.record, TrainRecord).labels.get("test", [])
    taken = len(read_record(folder.record, RehearsalRecord).labels)
    record = _checked(
        folder.record,
        RehearsalRecord,
        partial(rehearse.rederived, folder=folder),
        labels=test[:taken],
        test_images=len(test),
        **_sources(artifacts),
    )
    _check_beside(artifacts, folder, record, render_rehearsal)
    layers = sum(len(cell.layers) for cell in record.cells)
    return (
        f"rehearsal, {REHEARSED}: {len(record.cells)} cells follow from their answers, "
        f"{layers} layers from oneDNN's logs"
    )


def _check_beside(
    artifacts: Artifacts,
    folder: PeersFolder | RehearseFolder,
    record: BesideT,
    render_log: Callable[[BesideT], str],
) -> None:
    """Check what the record and log of a program beside the pipeline were made from."""
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    for runtime, digest in record.quantize_sha256.items():
        require_current(folder.path, digest, artifacts.quantize(runtime).path)
    with following(folder.record):
        text = render_log(record)
    require_text(folder.log, text)


def _checked(
    path: Path, kind: type[RecordT], rederived: Callable[[RecordT], RecordT], **known: Any
) -> RecordT:
    """Return the record at `path`, whose figures are what its samples give.

    `known` are fields whose value another record, or the place of this one, gives.
    """
    record = read_record(path, kind)
    with following(path):
        derived = replace(rederived(record), **known)
    require_alike(path, record, derived)
    require_settings(path, record)
    return record


def _sources(artifacts: Artifacts) -> dict[str, Source]:
    """Return the data and backbone that train.json names, and all later records must."""
    record = read_record(artifacts.train.record, TrainRecord)
    return {"data": record.data, "backbone": record.backbone}
