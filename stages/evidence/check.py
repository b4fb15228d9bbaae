"""Checks a bundle: every file by its hash, every figure by its samples, every record by the next.

Needs nothing but the bundle: no network, no engine, no TensorFlow.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.artifacts import (
    CHECKSUMS,
    RUNTIMES,
    Artifacts,
    read_record,
    require_current,
    sha256,
    verify,
)
from stages.compare.effects import compare
from stages.compare.inputs import Profiled, read_profiles
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.evidence import profiles, quantized
from stages.evidence.collect import WITHIN, folders, kept, left_out, listed
from stages.evidence.unlike import unlike
from stages.profile.summary import summaries
from stages.records.base import Record
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord

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
    for runtime in RUNTIMES:
        if artifacts.profile(runtime).path.is_dir():
            told.append(_check_runtime(artifacts, runtime))
    told.append(_check_comparison(artifacts))
    return told


def makers(bundle: Path) -> Iterator[tuple[str, str]]:
    """Return of each record in the folder of a bundle its name, and the image that made it."""
    artifacts = Artifacts(bundle / WITHIN)
    records: list[tuple[Path, type[Record]]] = [
        (artifacts.train.record, TrainRecord),
        *((artifacts.quantize(each).record, QuantizeRecord) for each in RUNTIMES),
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


def _check_runtime(artifacts: Artifacts, runtime: str) -> str:
    quantize, profile = artifacts.quantize(runtime), artifacts.profile(runtime)
    variants = read_record(quantize.record, QuantizeRecord)
    require_current(quantize.path, variants.train_sha256, artifacts.train.path)
    _require_alike(quantize.record, variants, quantized.rederived(variants))
    (profiled,) = (each for each in read_profiles(artifacts) if each.runtime == runtime)
    record = profiled.record
    _require_alike(profile.record, record, profiles.rederived(record, profile))
    for recorded, derived in zip(profiled.summaries, summaries(record), strict=True):
        _require_alike(profile.path, recorded, derived)
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


def _check_comparison(artifacts: Artifacts) -> str:
    found: Sequence[Profiled] = read_profiles(artifacts)
    folder = artifacts.compare
    recorded = read_record(folder.record, CompareRecord)
    derived = compare(found)
    _require_alike(folder.record, recorded, derived)
    text = render(derived, {each.runtime: each.summaries for each in found})
    if text != folder.log.read_text():
        raise InputCorruptError(f"{folder.log} is not what its record gives; {REMEDY}")
    return f"the comparison's {len(recorded.rows)} rows follow from the cells"


REMEDY = "the bundle was edited, or made by another version"


def _require_alike(path: Path, recorded: Record, derived: Record) -> None:
    found = [each for each in unlike(recorded, derived) if not each.startswith("maker")]
    if found:
        shown = "; ".join(found[:MOST_SHOWN])
        more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise InputCorruptError(f"{path}: {shown}{more}; {REMEDY}")
