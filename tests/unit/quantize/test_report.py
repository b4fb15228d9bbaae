from dataclasses import replace

import pytest

from stages.quantize.bound import Bound
from stages.quantize.report import (
    closing_line,
    no_model_message,
    slow_ops_line,
    trial_records,
)
from stages.quantize.search import Attempt
from stages.records.quantize import Finding, FindingKind, Sensitivity, Variant
from tests.unit import records
from tests.unit.quantize.parts import RECIPE, attempt, finding, layer

BOUND = Bound(1.0, 0.01)
KL = replace(RECIPE, algorithm="kl")
FAILED = Attempt(recipe=KL, failure="it died", seconds=2.0)


def test_every_trial_has_a_verdict() -> None:
    chosen, beyond = attempt(accuracy=0.995, throughput=9.0), attempt(KL, 0.9, 10.0)
    slower = attempt(accuracy=0.995, throughput=9.0)
    trials = trial_records([beyond, chosen, slower, FAILED], {}, chosen, BOUND)
    assert [trial.verdict for trial in trials] == [
        "beyond the bound",
        "chosen",
        "slower",
        "failed: it died",
    ]


def test_a_trial_keeps_what_was_measured() -> None:
    slow = layer("pool", "pooling", implementation="ref:any", share=0.25)
    done = attempt(
        KL, 0.9, 10.0, [finding("reference_kernel", "pool")], [slow, layer("conv1", share=0.75)]
    )
    (trial,) = trial_records([done], {KL: [[0.8, 0.9]]}, done, BOUND)
    assert (trial.recipe, trial.accuracy_top1, trial.throughput_images_per_s) == (KL, 0.9, 10.0)
    assert trial.loss == pytest.approx(0.1)
    assert (trial.reference_share, trial.findings) == (0.25, done.findings)
    assert (trial.layers, trial.final_batch_seconds) == (done.layers, [[0.8, 0.9]])


def test_a_failed_trial_has_no_figures() -> None:
    (trial,) = trial_records([FAILED], {}, attempt(), BOUND)
    figures = (trial.accuracy_top1, trial.loss, trial.throughput_images_per_s)
    assert figures == (None, None, None)
    assert (trial.reference_share, trial.seconds) == (None, 2.0)


def costs(*ops: str) -> list[Sensitivity]:
    return [Sensitivity(op=op, accuracy_top1=0.97, divergence=0.1) for op in ops]


def test_where_none_is_within_the_bound_the_best_the_costliest_and_a_remedy_are_named() -> None:
    message = no_model_message(
        [attempt(accuracy=0.9, throughput=9.0), attempt(KL, 0.95), FAILED],
        costs("head", "conv2", "conv1", "conv4"),
        BOUND,
        cut_short=True,
    )
    assert message == (
        "none of 3 recipes kept the loss within 1%: best 5.00% (top-1 95.00% against FP32's "
        "100.00%) by 'kl, per channel'; costliest in INT8: head (top-1 97.0% with it in FP32), "
        "conv2 (top-1 97.0% with it in FP32), conv1 (top-1 97.0% with it in FP32); "
        "raise VGG19_TOLERABLE_LOSS or VGG19_MAX_TRIALS, or calibrate with more images "
        "(VGG19_CALIBRATION_SAMPLES)"
    )


BOTH = Bound(1.0, 0.01, tolerable_disagreement=0.02)


@pytest.mark.parametrize(
    ("accuracy", "agreement", "missed", "raised"),
    [
        (1.0, 0.8, "disagreement", "VGG19_TOLERABLE_DISAGREEMENT"),
        (0.8, 1.0, "loss", "VGG19_TOLERABLE_LOSS"),
        (0.8, 0.8, "loss and disagreement", "VGG19_TOLERABLE_LOSS or VGG19_TOLERABLE_DISAGREEMENT"),
    ],
)
def test_if_both_are_bounded_the_message_says_which_was_missed(
    accuracy: float, agreement: float, missed: str, raised: str
) -> None:
    tried = [attempt(accuracy=0.1), attempt(KL, accuracy, agreement=agreement)]
    assert no_model_message(tried, [], BOTH, cut_short=False) == (
        "none of 2 recipes kept the loss within 1% and the disagreement with FP32 within 2%: "
        f"best {1 - accuracy:.2%} (top-1 {accuracy:.2%} against FP32's 100.00%) and "
        f"{1 - agreement:.2%}, which is beyond the bound of {missed}, by 'kl, per channel'; "
        f"raise {raised}, or calibrate with more images (VGG19_CALIBRATION_SAMPLES)"
    )


def test_one_that_disagrees_too_often_is_beyond_the_bound() -> None:
    chosen, other = attempt(agreement=0.98), attempt(KL, agreement=0.97)
    trials = trial_records([chosen, other], {}, chosen, BOTH)
    assert [trial.verdict for trial in trials] == ["chosen", "beyond the bound"]
    assert [trial.agreement_fp32 for trial in trials] == [0.98, 0.97]


@pytest.mark.parametrize("cut_short", [True, False])
def test_more_trials_are_a_remedy_only_if_recipes_were_left_untried(*, cut_short: bool) -> None:
    message = no_model_message([attempt(accuracy=0.9)], [], BOUND, cut_short=cut_short)
    assert ("VGG19_MAX_TRIALS" in message) == cut_short


def test_without_a_sensitivity_nothing_is_said_of_ops() -> None:
    message = no_model_message([attempt(accuracy=0.9)], [], BOUND, cut_short=False)
    assert "costliest" not in message
    assert message.endswith("(VGG19_CALIBRATION_SAMPLES)")


def test_where_nothing_runs_the_last_failure_is_told() -> None:
    first = Attempt(recipe=RECIPE, failure="it hung")
    assert no_model_message([first, FAILED], [], BOUND, cut_short=True) == (
        "none of 2 recipes gave a model that runs: it died"
    )


def test_the_closing_line_tells_speed_accuracy_ops_and_recipe() -> None:
    int8 = Variant(
        precision="int8",
        accuracy_top1=0.987,
        loss=0.0033,
        agreement_fp32=0.98,
        speedup=3.214,
    )
    record = replace(
        records.quantize(Variant(precision="fp32", accuracy_top1=0.99), int8),
        int8_ops=["conv1", "conv2"],
        fp32_ops=["head"],
        seconds=61.4,
    )
    assert closing_line(record) == (
        "quantize: INT8 about 3.2x FP32, which profile measures, top-1 98.7% against 99.0% on "
        "validation (loss +0.33%, bound 1%), agreement with FP32 98.0%, 2 of 3 compute ops in "
        "INT8, by 'minmax, per channel', 0 trials, 61 s"
    )


def test_the_closing_line_says_how_often_int8_must_agree_if_that_is_bounded() -> None:
    int8 = Variant(precision="int8", accuracy_top1=0.9, agreement_fp32=0.99)
    made = records.quantize(Variant(precision="fp32"), int8)
    line = closing_line(replace(made, tolerable_disagreement=0.02))
    assert "(loss undefined, bound 1%), agreement with FP32 99.0% (at least 98%), " in line


def test_the_closing_line_says_which_trials_an_earlier_run_made() -> None:
    made = records.quantize(Variant(precision="fp32"), Variant(precision="int8"))
    trials = trial_records([attempt(), FAILED], {}, attempt(), BOUND)
    line = closing_line(replace(made, trials=trials, resumed_trials=1))
    assert line.endswith("', 2 trials, of which 1 by a run that was ended, 1 s")


def test_the_ops_that_hold_int8_back_are_named_the_costliest_first() -> None:
    def finding(kind: FindingKind, op: str, share: float) -> Finding:
        return Finding(kind=kind, op=op, detail="", share=share)

    findings = [
        finding("fp32_compute", "PartitionedCall/conv1", 0.25),
        finding("reorder", "pool", 0.031),
        finding("int8_fallback", "", 0.0),
        finding("reference_kernel", "conv9", 0.001),
    ]
    int8 = Variant(precision="int8", findings=findings)
    record = records.quantize(Variant(precision="fp32"), int8)
    assert slow_ops_line(record) == (
        "quantize: what holds INT8 back: conv1 runs in FP32 (25.0% of the time); pool has its "
        "input or output converted needlessly (3.1% of the time); an op has a pattern that does "
        "not run in INT8; 1 more in quantize.json"
    )
    assert slow_ops_line(replace(record, variants=[replace(int8, findings=[])])) == ""
