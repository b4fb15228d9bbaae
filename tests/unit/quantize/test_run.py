import pytest

from stages.errors import AccuracyBoundError, SettingsError
from stages.precisions import PRECISION_NAMES
from tests.unit.quantize.parts import RECIPE, layer
from tests.unit.quantize.staged import Stage
from tests.unit.quantize.stand_ins import INT8_LAYERS, answers
from tests.unit.records import SHA256


def test_more_calibration_images_than_there_are_is_refused(stage: Stage) -> None:
    with pytest.raises(
        SettingsError, match=r"calibration_samples 5 exceeds the 4 .*_SAMPLES=5, or ask"
    ):
        stage.run(calibration_samples=5)
    assert stage.compressor.made == []


def test_a_batch_larger_than_the_validation_split_is_refused(stage: Stage) -> None:
    with pytest.raises(SettingsError, match="batch_size 4 exceeds the 3 validation images"):
        stage.run(batch_size=4)
    assert stage.compressor.made == []


def test_as_many_images_calibrate_as_are_asked_for(stage: Stage) -> None:
    assert stage.run(calibration_samples=3).calibration_samples == 3
    assert stage.calibrated_with == 3


def test_the_model_its_proofs_and_its_record_are_handed_on(stage: Stage) -> None:
    stage.evaluator.speeds = {"trial-1": 12.0, "fp32": 4.0, "bf16": 8.0}
    record = stage.run()
    assert (stage.out.model / "saved_model.pb").read_text() == repr(RECIPE)
    assert sorted(path.name for path in stage.out.proof.iterdir()) == [
        "bf16.log",
        "fp32.log",
        "int8.log",
    ]
    assert [trial.verdict for trial in record.trials] == ["chosen"]
    assert record.int8_ops == ["conv1", "conv2", "head"]
    assert (record.train_sha256, record.runtime, record.fp32_ops) == (SHA256, "itex", [])
    assert record.variant("int8").speedup == 3.0
    assert "leaves none for BF16" in (record.variant("int8_bf16").missing or "")


def test_models_are_named_by_their_place_once_handed_over(stage: Stage) -> None:
    record = stage.run(runtime="stock")
    assert record.variant("int8").model == "quantize-stock/model_pb.int8"
    assert record.variant("fp32").model == record.variant("bf16").model == "train/model_keras.fp32"


def test_without_bf16_the_record_says_why(stage: Stage) -> None:
    record = stage.run(no_bf16=True)
    precisions = [variant.precision for variant in record.variants]
    others = [name for name in PRECISION_NAMES if name not in ("fp32", "int8")]
    assert precisions == ["fp32", "int8", *others]
    assert stage.evaluator.examined == ["fp32", "trial-1"]
    assert record.variant("bf16").missing == "left out by no_bf16"
    assert record.variant("int8_bf16").missing == "left out by no_bf16"
    assert record.variant("bf16").model is None


def test_ops_in_fp32_make_int8_with_bf16_a_variant_of_its_own(stage: Stage) -> None:
    stage.evaluator.int8_layers = [*INT8_LAYERS, layer("conv3", types=("f32", "f32"))]
    record = stage.run()
    assert record.variant("int8_bf16").model == "quantize/model_pb.int8"
    assert record.fp32_ops == ["conv3"]


def test_the_fastest_of_a_duel_is_chosen_whatever_single_runs_gave(stage: Stage) -> None:
    slow = layer("pool", "pooling", implementation="ref:any")
    stage.evaluator.int8_layers = [*INT8_LAYERS, slow]
    stage.evaluator.duels = {"trial-2": 9.0}
    record = stage.run()
    assert record.recipe.shared == ("pool",)
    assert stage.evaluator.timed[:3] == [["trial-1"], ["trial-2"], ["trial-3"]]
    assert sorted(stage.evaluator.timed[3]) == ["trial-1", "trial-2", "trial-3"]
    assert [trial.verdict for trial in record.trials] == ["slower", "chosen", "slower"]


@pytest.mark.parametrize("most", [2, 4])
def test_a_line_says_that_models_load_for_each_turn_where_memory_is_small(
    stage: Stage, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.evaluator.most = most
    stage.run()
    line = "memory does not hold 3 models side by side: each loads for each of its 8 turns"
    assert (line in capsys.readouterr().out) == (most < 3)


def test_where_no_recipe_is_within_the_bound_there_is_no_model(stage: Stage) -> None:
    stage.evaluator.accuracies = {f"trial-{number}": 0.5 for number in range(1, 20)}
    with pytest.raises(AccuracyBoundError, match=r"best 50\.00% .* costliest in INT8: conv1"):
        stage.run()
    assert not stage.out.model.exists()


def test_no_model_is_examined_twice_and_the_chosen_ones_proof_is_handed_on(stage: Stage) -> None:
    record = stage.run()
    assert stage.evaluator.examined == ["fp32", "trial-1", "bf16"]
    assert (stage.out.proof / "int8.log").read_text() == "int8"
    assert record.variant("int8").findings == record.trials[0].findings
    assert record.variant("int8").accuracy_top1 == record.trials[0].accuracy_top1


def test_the_variants_are_timed_against_each_other_as_they_are_handed_on(stage: Stage) -> None:
    stage.evaluator.speeds, stage.evaluator.duels = {"trial-1": 99.0}, {"trial-1": 6.0, "fp32": 2.0}
    record = stage.run()
    assert stage.evaluator.timed == [["trial-1"], ["fp32", "bf16", "trial-1"]]
    assert record.variant("int8").throughput_images_per_s == 6.0
    assert record.variant("int8").speedup == 3.0


def test_findings_are_of_int8_alone_and_what_stays_on_purpose_is_none(stage: Stage) -> None:
    slow = layer("pool", "pooling", implementation="ref:any", share=0.5 / 3)
    stage.evaluator.int8_layers = [*INT8_LAYERS, slow, layer("conv3", types=("f32", "f32"))]
    stage.evaluator.fallbacks = ["W itex: Unsupported INT8 pattern at conv1"]
    record = stage.run(max_trials=1)
    kinds = [finding.kind for finding in record.variant("int8_bf16").findings or []]
    assert kinds == ["reference_kernel", "fp32_compute", "int8_fallback"]
    assert record.variant("bf16").findings == record.variant("fp32").findings == []
    assert record.variant("int8").reference_share == pytest.approx(0.25)


def test_the_test_split_is_never_read(stage: Stage) -> None:
    assert not stage.artifacts.train.test.exists()
    assert stage.run().variant("int8").accuracy_top1 == 1.0


def test_the_record_says_that_fp32_is_at_chance(stage: Stage) -> None:
    chance = stage.run().chance  # all images of the stand-in are of one class
    assert chance
    assert (chance.images, chance.right, chance.p_value) == (3, 3, 1.0)


def test_a_model_that_disagrees_with_fp32_is_refused_if_that_is_bounded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Always right, and never of FP32's class: what a model at chance can do.
    monkeypatch.setattr(
        stage.evaluator,
        "classify",
        lambda contender: answers(1.0, 0.9 if contender.name == "fp32" else 0.1),
    )
    assert stage.run().variant("int8").agreement_fp32 == 0.0
    stage.set_up(stage.artifacts.root)
    with pytest.raises(AccuracyBoundError, match="beyond the bound of disagreement"):
        stage.run(tolerable_disagreement=0.5, max_trials=2)
