"""Artifacts of a whole pipeline, of two cells and two rounds, whose figures follow from samples."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, write_record
from stages.common import stats
from stages.common.provenance import maker
from stages.common.summaries import summaries
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.summary import texts_of
from stages.compare.table import render
from stages.evidence.collect import ARTIFACTS_FOLDER
from stages.files.checksums import CHECKSUMS, sha256, write_checksums
from stages.peers import rederive as peers_evidence
from stages.peers.table import render as render_peers
from stages.records.base import Provenance
from stages.records.peers import Contender, Figures, PeersRecord
from stages.records.sweep import SweepRecord
from stages.records.train import TrainRecord
from stages.rehearse.table import render as render_rehearsal
from stages.setting.programs import PEERS
from stages.settings import Settings
from stages.sweep.picture import draw
from stages.sweep.table import render as render_sweep
from stages.train import rederive as train_evidence
from tests.unit import records
from tests.unit.evidence.profiling import profile
from tests.unit.evidence.quantizing import quantize
from tests.unit.evidence.samples import LABELS, PREDICTIONS
from tests.unit.evidence.sweeping import sweep
from tests.unit.rehearse.recordings import rehearsal

IMAGE = "sha256:1"


@contextmanager
def few_resamples() -> Iterator[pytest.MonkeyPatch]:
    """Draw so few resamples that intervals take no time, none of which later tests may get."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stats, "RESAMPLES", 20)
        _forget_drawn()
        try:
            yield patch
        finally:
            _forget_drawn()


def _forget_drawn() -> None:
    stats._middle_places.cache_clear()
    stats._drawn_medians.cache_clear()


def train() -> TrainRecord:
    """Return what train made."""
    splits = ("train", "validation", "test")
    record = replace(
        records.train(),
        maker=Provenance(image=IMAGE),
        labels=dict.fromkeys(splits, LABELS),
        predictions=dict.fromkeys(splits, PREDICTIONS),
        samples={"calibration": 2},
        head={"epochs": 200},
        seconds={"head": 1.5},
    )
    return train_evidence.rederived(record)


def peers(train_sha256: str, quantize_sha256: str) -> PeersRecord:
    """Return what peers measured of one of ours beside one of theirs."""
    contenders = [
        Contender(
            backend=backend,
            precision="int8",
            predictions=PREDICTIONS,
            figures=[
                Figures(
                    batch_size=1,
                    throughput_images_per_s=0.0,
                    latency_p50_ms=0.0,
                    batch_seconds=[[seconds], [seconds + 0.1]],
                )
            ],
        )
        for backend, seconds in (("itex", 0.25), ("openvino", 0.3))
    ]
    return peers_evidence.rederived(
        PeersRecord(
            maker=maker(Settings(rounds=2, calibration_samples=1), PEERS),
            train_sha256=train_sha256,
            quantize_sha256={"itex": quantize_sha256},
            data=records.SOURCE,
            backbone=records.SOURCE,
            host=records.HOST,
            tools={},
            calibration_samples=1,
            rounds=2,
            round_duration_s=1.0,
            labels=LABELS,
            contenders=contenders,
            ratios=[],
            seconds=1.0,
        )
    )


def pipeline(root: Path) -> Artifacts:
    """Return artifacts as a pipeline leaves them, with models and data that a bundle leaves out."""
    artifacts = Artifacts(root)
    quantize_folder, profile_folder = artifacts.quantize("itex"), artifacts.profile("itex")
    for path in (
        artifacts.train.model / "saved_model.pb",
        artifacts.train.test,
        quantize_folder.model / "saved_model.pb",
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"large")
    write_record(artifacts.train.record, train())
    train_sha256 = summed(artifacts.train.path)
    quantized = replace(quantize(quantize_folder), train_sha256=train_sha256)
    write_record(quantize_folder.record, quantized)
    quantize_sha256 = summed(quantize_folder.path)
    record = replace(
        profile(profile_folder), train_sha256=train_sha256, quantize_sha256=quantize_sha256
    )
    write_record(profile_folder.record, record)
    fp32, int8 = summaries(record)
    write_record(profile_folder.summary_fp32, fp32)
    write_record(profile_folder.summary_int8, int8)
    summed(profile_folder.path)
    _compare(artifacts)
    _peers(artifacts, peers(train_sha256, quantize_sha256))
    _rehearse(artifacts, train_sha256, quantize_sha256)
    swept = sweep(artifacts.sweep("itex"))
    _sweep(artifacts, replace(swept, train_sha256=train_sha256, quantize_sha256=quantize_sha256))
    return artifacts


def summed(folder: Path) -> str:
    """Write a folder's checksums, and return theirs."""
    write_checksums(folder)
    return sha256(folder / CHECKSUMS)


def _compare(artifacts: Artifacts) -> None:
    (profiled,) = read_profiles(artifacts)
    comparison = compare([profiled])
    artifacts.compare.path.mkdir()
    write_record(artifacts.compare.record, comparison)
    artifacts.compare.log.write_text(render(comparison, {"itex": profiled.summaries}))
    for name, text in texts_of(comparison, [profiled]).items():
        (artifacts.compare.path / name).write_text(text)
    summed(artifacts.compare.path)


def _peers(artifacts: Artifacts, record: PeersRecord) -> None:
    artifacts.peers.path.mkdir()
    write_record(artifacts.peers.record, record)
    artifacts.peers.log.write_text(render_peers(record))
    summed(artifacts.peers.path)


def _rehearse(artifacts: Artifacts, train_sha256: str, quantize_sha256: str) -> None:
    folder = artifacts.rehearse
    record = rehearsal(folder.path, train_sha256, quantize_sha256, test_images=len(LABELS))
    shutil.rmtree(folder.path / "scratch")
    write_record(folder.record, record)
    folder.log.write_text(render_rehearsal(record))
    summed(folder.path)


def _sweep(artifacts: Artifacts, record: SweepRecord) -> None:
    folder = artifacts.sweep("itex")
    write_record(folder.record, record)
    folder.log.write_text(render_sweep(record))
    folder.picture.write_text(draw(record))
    summed(folder.path)


def refit(bundle: Path, edited: Path) -> None:
    """Make the stages' hashes fit an edited file again, and what later files keep of them."""
    artifacts = Artifacts(bundle / ARTIFACTS_FOLDER)
    keepers = [*artifacts.root.glob("*/*.json"), *artifacts.compare.path.glob("summary.*")]
    changed = [edited]
    while changed:
        path = changed.pop()
        folder = artifacts.root / path.relative_to(artifacts.root).parts[0]
        sums, name = folder / CHECKSUMS, path.relative_to(folder).as_posix()
        before = sha256(sums).encode()
        sums.write_text(re.sub(f".*  {name}\n", f"{sha256(path)}  {name}\n", sums.read_text()))
        for keeper in keepers:
            content = keeper.read_bytes()
            if before in content:
                keeper.write_bytes(content.replace(before, sha256(sums).encode()))
                changed.append(keeper)


def rehashed(bundle: Path, edited: Path) -> None:
    """Make all hashes of a bundle fit an edited file again."""
    refit(bundle, edited)
    (bundle / CHECKSUMS).unlink()
    write_checksums(bundle)
