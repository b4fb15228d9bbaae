"""Check a bundle: every file by its hash, every figure by its samples, every record by the next.

This needs nothing but the bundle: no network, no engine, no TensorFlow.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from stages.artifacts import Artifacts, read_record, require_current
from stages.common.headline import NOT_TRUSTED
from stages.common.reasons import in_words
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.rehearsed import NOTHING, read_rehearsed
from stages.compare.summary import texts_of
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.evidence.beside import check_peers, check_rehearsal, check_sweep
from stages.evidence.checked import checked, labels_of, sources
from stages.evidence.collect import ARTIFACTS_FOLDER, excluded_folders, is_within
from stages.evidence.figures import require_figures
from stages.evidence.listing import REMEDY, require_listed
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle, following
from stages.evidence.requirements import (
    require_alike,
    require_summaries,
    require_text,
)
from stages.files.checksums import read_checksums
from stages.profile import rederive as profile
from stages.program.printable import printable
from stages.quantize import rederive as quantize
from stages.records.base import Provenance, Record
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import RehearsalRecord
from stages.records.sweep import SweepRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import CompareFolder
from stages.train import rederive as train


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
    lines += [check_comparison(artifacts), *_unchecked(artifacts.compare)]
    if artifacts.peers.path.is_dir():
        lines.append(check_peers(artifacts))
    if artifacts.rehearse.path.is_dir():
        lines.append(check_rehearsal(artifacts))
    swept = (name for name in RUNTIME_NAMES if artifacts.sweep(name).path.is_dir())
    return [*lines, *(check_sweep(artifacts, runtime) for runtime in swept)]


def _unchecked(folder: CompareFolder) -> list[str]:
    """Return a note of page and pictures, if there are any: drawing takes further packages."""
    if not any(path.exists() for path in (folder.page, *folder.drawings)):
        return []
    return [
        f"note: {folder.page.name} and the pictures were not checked against the figures, but for "
        "their hashes; `invoke compare --force compare` makes them again from what is in the bundle"
    ]


class Made(NamedTuple):
    """A record by its file's name, the program that left it, and what the record says of that."""

    record: str
    program: str
    by: Provenance


def makers(bundle: Path) -> Iterator[Made]:
    """Yield what made each record in the folder of a bundle."""
    artifacts = Artifacts(bundle / ARTIFACTS_FOLDER)
    kinds: list[tuple[Path, type[Record]]] = [
        (artifacts.train.record, TrainRecord),
        *((artifacts.quantize(runtime).record, QuantizeRecord) for runtime in RUNTIME_NAMES),
        (artifacts.compare.record, CompareRecord),
        (artifacts.peers.record, PeersRecord),
        (artifacts.rehearse.record, RehearsalRecord),
        *((artifacts.sweep(runtime).record, SweepRecord) for runtime in RUNTIME_NAMES),
    ]
    for path, kind in kinds:
        if path.is_file():
            yield _made(path, read_record(path, kind))
    for runtime_profile in read_profiles(artifacts):
        path = artifacts.profile(runtime_profile.runtime).record
        yield _made(path, runtime_profile.record)


def _made(path: Path, record: Record) -> Made:
    return Made(path.name, path.parent.name.partition("-")[0], record.maker)


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
    record = checked(artifacts.train.record, TrainRecord, train.rederived, lambda _: None)
    images = sum(len(classes) for classes in record.predictions.values())
    return f"train: the accuracies follow from {images} predictions"


def check_quantize(artifacts: Artifacts, runtime: str) -> str:
    """Check the quantize.json of a runtime."""
    folder = artifacts.quantize(runtime)

    def require_inputs(record: QuantizeRecord) -> None:
        require_current(folder.path, record.train_sha256, artifacts.train.path)

    record = checked(
        folder.record,
        QuantizeRecord,
        partial(quantize.rederived, folder=folder),
        require_inputs,
        runtime=runtime,
        labels=labels_of(artifacts, "validation"),
    )
    made = [variant for variant in record.variants if not variant.missing]
    return (
        f"{runtime}: each trial ({len(record.trials)}) and variant ({len(made)}) follows from its "
        "batches and predictions, the layers from oneDNN's logs"
    )


def check_profile(artifacts: Artifacts, runtime: str) -> str:
    """Check the measurements.json of a runtime, and the summaries beside it."""
    folder = artifacts.profile(runtime)

    def require_inputs(record: ProfileRecord) -> None:
        require_current(folder.path, record.train_sha256, artifacts.train.path)
        require_current(folder.path, record.quantize_sha256, artifacts.quantize(runtime).path)

    record = checked(
        folder.record,
        ProfileRecord,
        partial(profile.rederived, folder=folder),
        require_inputs,
        runtime=runtime,
        classes=read_record(artifacts.train.record, TrainRecord).classes,
        labels=labels_of(artifacts, "test"),
        **sources(artifacts),
    )
    require_summaries(folder, record)
    cells = sum(cell.measurement is not None for cell in record.cells)
    proofs = sum(cell.proof is not None for cell in record.cells)
    return (
        f"{runtime}: {cells} cells and their repeat follow from {profile.count_runs(record)} runs "
        f"and LoadGen's logs, {proofs} proofs from oneDNN's"
    )


def doubts(bundle: Path) -> list[str]:
    """Return a line for each run in the folder of a bundle that is not to be trusted."""
    return [
        f"{profile.runtime}: {NOT_TRUSTED}: {in_words(reason)}"
        for profile in read_profiles(Artifacts(bundle / ARTIFACTS_FOLDER))
        for reason in profile.record.repeat.reasons[:1]
    ]


def check_comparison(artifacts: Artifacts) -> str:
    """Check compare.json, compare.log, and the summaries beside them, which older ones lack."""
    folder, profiles = artifacts.compare, read_profiles(artifacts)
    recorded = read_record(folder.record, CompareRecord)
    for read in profiles:
        made_from = recorded.profile_sha256.get(read.runtime, "")
        require_current(folder.path, made_from, artifacts.profile(read.runtime).path)
    if recorded.rehearse_sha256:
        require_current(folder.path, recorded.rehearse_sha256, artifacts.rehearse.path)
    with following(folder.record):
        rehearsed = read_rehearsed(artifacts, profiles) if recorded.rehearse_sha256 else NOTHING
        derived = compare(profiles, rehearsed.sha256)
        summaries = {read.runtime: read.summaries for read in profiles}
        texts = {folder.log.name: render(derived, summaries, rehearsed)}
    require_alike(folder.record, recorded, derived)
    with following(folder.record):
        # By the very figures that were recorded: another NumPy's may differ in their last digits.
        tables = texts_of(recorded, profiles)
    texts |= {name: text for name, text in tables.items() if (folder.path / name).is_file()}
    notes = [
        require_text(folder.path / name, text, "compare", recorded) for name, text in texts.items()
    ]
    if folder.summary_csv.name in texts:
        require_figures(folder.summary_csv, texts[folder.summary_csv.name])
    return f"the comparison's {len(recorded.rows)} rows follow from the cells{''.join(notes)}"
