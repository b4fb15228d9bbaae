"""What follows from samples and logs, and what a log contradicts."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.common.worker.loadgen import ANSWERS, DETAIL
from stages.errors import InputCorruptError, ProofError
from stages.evidence.unlike import unlike
from stages.profile import rederive as profiles
from stages.quantize import rederive as quantized
from stages.stage_folders import ProfileFolder, QuantizeFolder
from tests.unit.evidence.parts import peers, train
from tests.unit.evidence.profiling import profile
from tests.unit.evidence.quantizing import quantize


@pytest.fixture
def folder(tmp_path: Path) -> ProfileFolder:
    return ProfileFolder(tmp_path / "profile")


@pytest.fixture
def quantize_folder(tmp_path: Path) -> QuantizeFolder:
    return QuantizeFolder(tmp_path / "quantize")


def test_cells_follow_from_samples_and_logs(folder: ProfileFolder) -> None:
    record = profile(folder)
    fp32, int8, higher = record.cells
    assert int8.measurement
    assert int8.measurement.accuracy.top1 == 0.75
    assert int8.measurement.offline.throughput_images_per_s.estimate == pytest.approx(29.333, 1e-3)
    assert fp32.proof
    assert fp32.proof.isa_header == "Intel AVX2"
    assert fp32.roofline
    assert fp32.roofline.traced_ms == 5000
    assert sum(primitive.operations > 0 for primitive in fp32.roofline.primitives) == 36
    assert (higher.same_as, higher.measurement) == ("AVX2", None)
    assert record.repeat.offline_ratio.estimate == 1.0
    assert unlike(record, profiles.rederived(record, folder)) == []


def test_the_servers_rate_is_the_highest_that_loadgen_calls_valid(folder: ProfileFolder) -> None:
    measured = profile(folder).repeat.measurement
    assert measured.server
    assert (measured.server.rate_per_s, measured.server.latency_bound_ms) == (2.0, 250.0)
    assert [test.valid for test in measured.server.tests] == [True, False]
    assert [test.latency_ms for test in measured.server.tests] == [200.0, 300.0]


def test_the_layout_is_the_fastest_by_what_instances_did_together(folder: ProfileFolder) -> None:
    record = profile(folder)
    one, two = record.tried
    assert two.throughput_images_per_s.estimate == pytest.approx(2 * 8 * (1 / 0.6 + 1 / 0.7) / 2)
    assert one.throughput_images_per_s.estimate > two.throughput_images_per_s.estimate
    assert record.layout == one.layout


def test_a_figure_that_loadgens_log_contradicts_is_found(folder: ProfileFolder) -> None:
    record = profile(folder)
    log = folder.loadgen / "int8_AVX2" / "offline-1-of-0" / DETAIL
    log.write_text(log.read_text().replace("32.0", "64.0"))
    lines = unlike(record, profiles.rederived(record, folder))
    assert any("runs[0].rate_per_s is 32.0, its samples give 64.0" in line for line in lines)


def test_answers_that_loadgens_log_contradicts_are_found(folder: ProfileFolder) -> None:
    record = profile(folder)
    log = folder.loadgen / "int8_AVX2" / "accuracy" / ANSWERS
    log.write_text(log.read_text().replace('"01', '"00'))
    lines = unlike(record, profiles.rederived(record, folder))
    assert "cells[1].measurement.accuracy.predictions[1] is 1, its samples give 0" in lines
    assert "cells[1].measurement.accuracy.top1 is 0.75, its samples give 0.5" in lines


@pytest.mark.parametrize("text", ["", "x\n" * 100, "\0" * 100])
def test_answers_beside_a_log_of_no_accuracy_test_are_refused(
    folder: ProfileFolder, text: str
) -> None:
    record = profile(folder)
    (folder.loadgen / "int8_AVX2" / "accuracy" / DETAIL).write_text(text)
    with pytest.raises(InputCorruptError, match="is of no accuracy test"):
        profiles.rederived(record, folder)


def test_a_proof_that_its_log_does_not_give_is_no_proof(folder: ProfileFolder) -> None:
    record = profile(folder)
    log = folder.proof / "int8_AVX2.log"
    log.write_text((folder.proof / "fp32_AVX2.log").read_text())
    with pytest.raises(ProofError, match="0% of the time ran in int8"):
        profiles.rederived(record, folder)


def test_variants_and_trials_follow_from_their_samples(quantize_folder: QuantizeFolder) -> None:
    record = quantize(quantize_folder)
    int8 = record.variant("int8")
    assert (int8.accuracy_top1, int8.loss, int8.agreement_fp32) == (0.75, 0.0, 1.0)
    assert int8.speedup == pytest.approx(4.0)
    chosen, slower, failed = record.trials
    assert (chosen.verdict, slower.verdict, failed.verdict) == (
        "chosen",
        "slower",
        "failed: it died",
    )
    assert chosen.throughput_images_per_s == 32.0
    assert record.recipe == chosen.recipe
    assert record.chance
    assert record.chance.right == 3
    assert record.int8_ops == [layer.op for layer in int8.layers or [] if layer.operations]
    assert unlike(record, quantized.rederived(record, quantize_folder)) == []


def test_without_finals_the_one_recipe_within_the_bound_was_chosen(
    quantize_folder: QuantizeFolder,
) -> None:
    record = quantize(quantize_folder)
    best, other, _ = (replace(trial, final_batch_seconds=[]) for trial in record.trials)
    beyond = replace(best, predictions=[1, 1, 0, 1])
    derived = quantized.rederived(replace(record, trials=[beyond, other]), quantize_folder)
    assert [trial.verdict for trial in derived.trials] == ["beyond the bound", "chosen"]
    assert derived.recipe == other.recipe


def test_a_recipe_that_disagrees_too_often_was_not_chosen(quantize_folder: QuantizeFolder) -> None:
    record = replace(quantize(quantize_folder), tolerable_disagreement=0.2)
    best, other, _ = (replace(trial, final_batch_seconds=[]) for trial in record.trials)
    # Right as often as FP32, by other answers.
    unlike_fp32 = replace(best, predictions=[0, 0, 1, 0])
    derived = quantized.rederived(replace(record, trials=[unlike_fp32, other]), quantize_folder)
    assert [trial.verdict for trial in derived.trials] == ["beyond the bound", "chosen"]
    assert [trial.loss for trial in derived.trials] == [0.0, 0.0]
    assert [trial.agreement_fp32 for trial in derived.trials] == [0.5, 1.0]


def test_a_layer_that_is_not_in_the_log_is_found(quantize_folder: QuantizeFolder) -> None:
    record = quantize(quantize_folder)
    log = quantize_folder.proof / "int8.log"
    log.write_text((quantize_folder.proof / "fp32.log").read_text())
    lines = unlike(record, quantized.rederived(record, quantize_folder))
    assert any(line.startswith("variants[1].layers is ") for line in lines)


def test_the_accuracies_of_train_follow_from_its_predictions() -> None:
    assert train().accuracy_top1 == {"train": 0.75, "validation": 0.75, "test": 0.75}
    assert train().samples == {"train": 4, "validation": 4, "test": 4, "calibration": 2}
    chance = train().chance["train"]
    assert (chance.images, chance.right, chance.largest_class) == (4, 3, 2)
    assert chance.p_value == pytest.approx(5 / 16)


def test_peers_follow_from_their_batches() -> None:
    record = peers("t", "q")
    (ratio,) = record.ratios
    assert (ratio.backend, ratio.peer) == ("itex", "openvino")
    assert ratio.median == pytest.approx(0.35 / 0.3)
    assert [contender.accuracy_top1 for contender in record.contenders] == [0.75, 0.75]
