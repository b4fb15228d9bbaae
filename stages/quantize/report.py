"""What the stage reports of its search: the trials, the closing line, why there is no model."""

from collections.abc import Mapping, Sequence

from stages.common.onednn.kernels import reference_share
from stages.quantize.bound import Bound
from stages.quantize.recipes import recipe_in_words
from stages.quantize.search import Attempt
from stages.records.quantize import QuantizeRecord, Recipe, Sensitivity, Trial

# The seconds of each batch, by round.
BatchSeconds = list[list[float]]
# At most this many of the costliest ops are named in a message.
MAX_NAMED_OPS = 3


def trial_records(
    attempts: Sequence[Attempt],
    finals: Mapping[Recipe, BatchSeconds],
    chosen: Attempt,
    bound: Bound,
) -> list[Trial]:
    """Return every attempt as the record keeps it.

    `finals` are the seconds of the turns that the fastest took against each other.
    """
    return [
        _failed_trial(attempt)
        if attempt.failure
        else trial_record(attempt, finals.get(attempt.recipe, []), bound, chosen=attempt is chosen)
        for attempt in attempts
    ]


def verdict_on(accuracy: float, bound: Bound, *, chosen: bool) -> str:
    """Return the verdict on a recipe whose model runs, by its top-1 accuracy."""
    if chosen:
        return "chosen"
    return "slower" if bound.is_met_by(accuracy) else "beyond the bound"


def _failed_trial(attempt: Attempt) -> Trial:
    return Trial(
        recipe=attempt.recipe,
        verdict=f"failed: {attempt.failure}",
        may_pass=attempt.may_pass,
        accuracy_top1=None,
        loss=None,
        throughput_images_per_s=None,
        reference_share=None,
        findings=[],
        seconds=attempt.seconds,
    )


def trial_record(
    attempt: Attempt, finals: BatchSeconds, bound: Bound, *, chosen: bool = False
) -> Trial:
    """Return an attempt that worked as the record keeps it; see `trial_records`."""
    return Trial(
        recipe=attempt.recipe,
        verdict=verdict_on(attempt.accuracy_top1, bound, chosen=chosen),
        accuracy_top1=attempt.accuracy_top1,
        loss=bound.loss(attempt.accuracy_top1),
        throughput_images_per_s=attempt.throughput_images_per_s,
        reference_share=reference_share(attempt.layers),
        findings=attempt.findings,
        seconds=attempt.seconds,
        predictions=attempt.predictions,
        layers=attempt.layers,
        batch_seconds=attempt.batch_seconds,
        final_batch_seconds=finals,
    )


def no_model_message(
    attempts: Sequence[Attempt], sensitivity: Sequence[Sensitivity], bound: Bound
) -> str:
    """Return the message for a search that found no model: what was best, what costs most."""
    working = [attempt for attempt in attempts if not attempt.failure]
    if not working:
        return f"none of {len(attempts)} recipes gave a model that runs: {attempts[-1].failure}"
    best = max(working, key=lambda attempt: attempt.accuracy_top1)
    return (
        f"none of {len(attempts)} recipes kept the loss within {bound.tolerable_loss:.2%}: "
        f"best {bound.loss(best.accuracy_top1):.2%} (top-1 {best.accuracy_top1:.2%} against "
        f"FP32's {bound.fp32_top1:.2%}) by '{recipe_in_words(best.recipe)}'"
        f"{_costliest(sensitivity)}; "
        "raise VGG19_TOLERABLE_LOSS or VGG19_MAX_TRIALS, or calibrate with more images "
        "(VGG19_CALIBRATION_SAMPLES)"
    )


def _costliest(sensitivity: Sequence[Sensitivity]) -> str:
    ops = [
        f"{gain.op} (top-1 {gain.accuracy_top1:.1%} with it in FP32)"
        for gain in sensitivity[:MAX_NAMED_OPS]
    ]
    return f"; costliest in INT8: {', '.join(ops)}" if ops else ""


def closing_line(record: QuantizeRecord) -> str:
    """Return what a person wants to read when the stage ends."""
    fp32, int8 = record.variant("fp32"), record.variant("int8")
    return (
        f"quantize: INT8 about {int8.speedup or 0:.1f}x FP32, which profile measures, top-1 "
        f"{int8.accuracy_top1 or 0:.1%} against {fp32.accuracy_top1 or 0:.1%} on validation "
        f"(loss {int8.loss or 0:+.2%}, bound {record.tolerable_loss:.2%}), "
        f"{len(record.int8_ops)} of {len(record.int8_ops) + len(record.fp32_ops)} compute ops in "
        f"INT8, by '{recipe_in_words(record.recipe)}', {_trials(record)}, "
        f"{record.seconds:.0f} s"
    )


def _trials(record: QuantizeRecord) -> str:
    count, earlier = len(record.trials), record.resumed_trials
    of_which = f", of which {earlier} by a run that was ended" if earlier else ""
    return ("1 trial" if count == 1 else f"{count} trials") + of_which
