"""What was recorded follows from the samples, and an edit of it does not."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from stages.artifacts import ProfileFolder
from stages.errors import ProofError
from stages.evidence import profiles, quantized
from stages.evidence.unlike import unlike
from stages.measure.loadgen import DETAIL
from stages.records.profile import ProfileRecord
from tests.unit.evidence.parts import profile, quantize


@pytest.fixture
def folder(tmp_path: Path) -> ProfileFolder:
    return ProfileFolder(tmp_path / "profile")


def edited(record: ProfileRecord, path: str, value: object) -> ProfileRecord:
    """Return the record with the field at a path of names and numbers set to a value."""
    raw = msgspec.to_builtins(record)
    *place, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    at = raw
    for each in place:
        at = at[each]
    at[last] = value
    return msgspec.convert(raw, ProfileRecord)


def test_what_follows_from_the_samples_is_what_was_recorded(folder: ProfileFolder) -> None:
    record = profile(folder)
    (fp32, int8) = record.cells
    assert int8.measurement
    assert int8.measurement.accuracy.top1 == 0.75
    assert int8.measurement.offline.throughput_images_per_s.estimate == pytest.approx(29.333, 1e-3)
    assert fp32.proof
    assert fp32.proof.isa_header == "Intel AVX2"
    assert fp32.roofline
    assert fp32.roofline.at_best_rate == 0.8
    assert record.repeat.offline_ratio.estimate == 1.0
    assert unlike(record, profiles.rederived(record, folder)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cells.1.measurement.offline.throughput_images_per_s.estimate", 40.0),
        ("cells.1.measurement.offline.throughput_images_per_s.low", 29.0),
        ("cells.1.measurement.single_stream.latency_p50_ms.estimate", 1.0),
        ("cells.1.measurement.single_stream.queries", 5),
        ("cells.1.measurement.accuracy.top1", 1.0),
        ("cells.1.measurement.accuracy.predictions.2", 1),
        ("cells.1.measurement.accuracy.agreement_fp32", 0.5),
        ("cells.0.measurement.validity.valid", True),
        ("cells.1.measurement.offline.runs.0.rate_per_s", 33.0),
        ("cells.1.measurement.offline.runs.0.valid", False),
        ("cells.0.proof.kernels.0.implementation", "brgconv:avx512_core_amx"),
        ("cells.0.proof.reference_share", 0.5),
        ("cells.0.roofline.best_gops", 1e6),
        ("cells.0.roofline.achieved_gops", 1e6),
        ("repeat.trusted", True),
        ("repeat.single_stream_ratio.high", 1.5),
        ("labels.0", 1),
    ],
)
def test_an_edited_figure_or_sample_is_found(
    folder: ProfileFolder, path: str, value: object
) -> None:
    changed = edited(profile(folder), path, value)
    found = unlike(changed, profiles.rederived(changed, folder))
    assert found, path
    assert " its samples give " in found[0]


def test_a_figure_that_loadgens_log_contradicts_is_found(folder: ProfileFolder) -> None:
    record = profile(folder)
    log = folder.loadgen / "int8_AVX2" / "offline-1" / DETAIL
    log.write_text(log.read_text().replace("32.0", "64.0"))
    found = unlike(record, profiles.rederived(record, folder))
    assert any("runs[0].rate_per_s is 32.0, its samples give 64.0" in each for each in found)


def test_a_proof_that_its_log_does_not_give_is_no_proof(folder: ProfileFolder) -> None:
    record = profile(folder)
    log = folder.proof / "int8_AVX2.log"
    log.write_text((folder.proof / "fp32_AVX2.log").read_text())
    with pytest.raises(ProofError, match="0% of the time ran in int8"):
        profiles.rederived(record, folder)


def test_variants_follow_from_their_samples() -> None:
    record = quantize()
    int8 = record.variant("int8")
    assert (int8.accuracy_top1, int8.loss) == (0.75, 0.0)
    assert int8.speedup == pytest.approx(4.0)
    assert unlike(record, quantized.rederived(record)) == []
    faster = replace(int8, speedup=5.0)
    variants = [faster if each.precision == "int8" else each for each in record.variants]
    changed = replace(record, variants=variants)
    (line,) = unlike(changed, quantized.rederived(changed))
    assert line.startswith("variants[1].speedup is 5.0, its samples give 4.0")
