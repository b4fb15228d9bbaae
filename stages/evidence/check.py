"""Checks a bundle: every file by its hash, every figure by its samples, every record by the next.

Needs nothing but the bundle: no network, no engine, no TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from stages.artifacts import (
    CHECKSUMS,
    Artifacts,
    read_record,
    require_current,
    sha256,
    verify,
)
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile, read_profiles
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.evidence.collect import WITHIN, folders, kept, left_out, listed
from stages.evidence.unlike import unlike
from stages.peers import rederive as peers
from stages.peers.table import render as render_peers
from stages.profile import rederive as profile
from stages.profile.summary import summaries
from stages.quantize import rederive as quantize
from stages.records.base import Record, Source
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.train import rederive as train

MOST_SHOWN = 5


def check(bundle: Path) -> list[str]:
    """Return a line for each thing that was checked in the folder of a bundle.

    Raises InputCorruptError where a file, a figure or a record is not what it must be.
    """
    verify(bundle)
    artifacts = Artifacts(bundle / WITHIN)
    there = [folder for folder in folders(artifacts) if folder.is_dir()]
    files = sum(_check_files(folder, left_out(artifacts)) for folder in there)
    told = [f"{files} files of {len(there)} stages are as their stage left them"]
    told.append(check_train(artifacts))
    for runtime in RUNTIME_NAMES:
        if artifacts.quantize(runtime).path.is_dir():
            told.append(check_quantize(artifacts, runtime))
        if artifacts.profile(runtime).path.is_dir():
            told.append(check_profile(artifacts, runtime))
    told.append(check_comparison(artifacts))
    if artifacts.peers.path.is_dir():
        told.append(check_peers(artifacts))
    return told


def makers(bundle: Path) -> Iterator[tuple[str, str]]:
    """Return of each record in the folder of a bundle its name, and the image that made it."""
    artifacts = Artifacts(bundle / WITHIN)
    records: list[tuple[Path, type[Record]]] = [
        (artifacts.train.record, TrainRecord),
        *((artifacts.quantize(each).record, QuantizeRecord) for each in RUNTIME_NAMES),
        (artifacts.compare.record, CompareRecord),
        (artifacts.peers.record, PeersRecord),
    ]
    for path, kind in records:
        if path.is_file():
            yield path.name, read_record(path, kind).maker.image
    for profiled in read_profiles(artifacts):
        yield artifacts.profile(profiled.runtime).record.name, profiled.record.maker.image


def _check_files(folder: Path, without: list[Path]) -> int:
    """Check a stage's files by its own list, of which models and images are left out."""
    there = list(kept(folder, without))
    wanted = listed(folder)
    missing = [
        path
        for path in wanted
        if path not in there and not any(each in path.parents for each in without)
    ]
    others = [path for path in there if path.name != CHECKSUMS and path not in wanted]
    changed = [path for path in there if path in wanted and sha256(path) != wanted[path]]
    for paths, what in ((missing, "is missing"), (others, "is not listed"), (changed, "differs")):
        if paths:
            raise InputCorruptError(f"{paths[0]} {what}, by {folder / CHECKSUMS}; {REMEDY}")
    return len(there)


def check_train(artifacts: Artifacts) -> str:
    """Check train.json; like the others, return what was checked, or raise InputCorruptError."""
    record = _checked(artifacts.train.record, TrainRecord, train.rederived)
    images = sum(len(each) for each in record.predictions.values())
    return f"train: the accuracies follow from {images} predictions"


def check_quantize(artifacts: Artifacts, runtime: str) -> str:
    """Check a quantize.json."""
    folder = artifacts.quantize(runtime)
    record = _checked(
        folder.record,
        QuantizeRecord,
        partial(quantize.rederived, folder=folder),
        runtime=runtime,
    )
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    made = [each for each in record.variants if not each.missing]
    return (
        f"{runtime}: each trial ({len(record.trials)}) and variant ({len(made)}) follows from its "
        "batches and predictions, the layers from oneDNN's logs"
    )


def check_profile(artifacts: Artifacts, runtime: str) -> str:
    """Check a measurements.json, and the summaries beside it."""
    folder = artifacts.profile(runtime)
    record = _checked(
        folder.record,
        ProfileRecord,
        partial(profile.rederived, folder=folder),
        runtime=runtime,
        **_sources(artifacts),
    )
    (profiled,) = (each for each in read_profiles(artifacts) if each.runtime == runtime)
    for recorded, derived in zip(profiled.summaries, summaries(record), strict=True):
        _require_alike(folder.path, recorded, derived)
    cells = [each for each in record.cells if each.measurement]
    runs = sum(
        len(each.offline.runs) + len(each.single_stream.runs)
        for each in (*(cell.measurement for cell in cells), record.repeat.measurement)
        if each
    )
    proofs = sum(1 for cell in record.cells if cell.proof)
    return (
        f"{runtime}: {len(cells)} cells and their repeat follow from {runs} runs and LoadGen's "
        f"logs, {proofs} proofs from oneDNN's"
    )


def check_comparison(artifacts: Artifacts) -> str:
    """Check compare.json and compare.log."""
    found: Sequence[RuntimeProfile] = read_profiles(artifacts)
    folder = artifacts.compare
    recorded = read_record(folder.record, CompareRecord)
    derived = compare(found)
    _require_alike(folder.record, recorded, derived)
    text = render(derived, {each.runtime: each.summaries for each in found})
    if text != folder.log.read_text():
        raise InputCorruptError(f"{folder.log} is not what its record gives; {REMEDY}")
    return f"the comparison's {len(recorded.rows)} rows follow from the cells"


def check_peers(artifacts: Artifacts) -> str:
    """Check peers.json and peers.log."""
    folder = artifacts.peers
    record = _checked(folder.record, PeersRecord, peers.rederived, **_sources(artifacts))
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    for runtime, digest in record.quantize_sha256.items():
        require_current(folder.path, digest, artifacts.quantize(runtime).path)
    if render_peers(record) != folder.log.read_text():
        raise InputCorruptError(f"{folder.log} is not what its record gives; {REMEDY}")
    return f"peers: each ratio ({len(record.ratios)}) follows from the batches of both"


REMEDY = "the bundle was edited, or made by another version"
R = TypeVar("R", bound=Record)


def _checked(path: Path, kind: type[R], rederived: Callable[[R], R], **known: Any) -> R:
    """Return the record at `path`, whose figures are what its samples give.

    `known` are fields that must be as another record, or its place, tells.
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


def _require_settings(path: Path, record: Record) -> None:
    """Raise InputCorruptError where a field is not as the setting that it was taken from."""
    for name, text in record.maker.settings.items():
        value = getattr(record, name, text)
        if isinstance(value, str | int | float) and str(value) != text:
            raise InputCorruptError(f"{path}: {name} is {value}, was set to {text}; {REMEDY}")


def _sources(artifacts: Artifacts) -> dict[str, Source]:
    """Return the data and backbone that train names, which all later records do, too."""
    trained = read_record(artifacts.train.record, TrainRecord)
    return {"data": trained.data, "backbone": trained.backbone}


def _require_alike(path: Path, recorded: Record, derived: Record) -> None:
    found = [each for each in unlike(recorded, derived) if not each.startswith("maker")]
    if found:
        shown = "; ".join(found[:MOST_SHOWN])
        more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise InputCorruptError(f"{path}: {shown}{more}; {REMEDY}")
