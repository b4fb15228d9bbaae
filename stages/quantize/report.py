"""What the stage reports of its search: the trials, the closing line, why there is no model."""

from collections.abc import Mapping, Sequence

from stages.common.figures import (
    counted,
    digits_of_images,
    fraction_of_images,
    loss_in_words,
    percent,
    percent_beside,
)
from stages.common.onednn.kernels import reference_share
from stages.common.text import recipe_in_words
from stages.program.printable import printable
from stages.quantize.bound import DISAGREEMENT, LOSS, Bound
from stages.quantize.findings import FP32_COMPUTE, INT8_FALLBACK, REFERENCE_KERNEL, REORDER
from stages.quantize.search import Attempt
from stages.records.quantize import (
    Finding,
    FindingKind,
    QuantizeRecord,
    Recipe,
    Sensitivity,
    Trial,
)

# The seconds of each batch, by round.
BatchSeconds = list[list[float]]
# At most this many of the costliest ops are named in a message.
MAX_NAMED_OPS = 3
# What Neural Compressor puts before the names of all ops.
OF_CALL = "PartitionedCall/"
IN_WORDS: Mapping[FindingKind, str] = {
    REFERENCE_KERNEL: "runs by oneDNN's slow reference kernel",
    INT8_FALLBACK: "has a pattern that does not run in INT8",
    FP32_COMPUTE: "runs in FP32",
    REORDER: "has its input or output converted needlessly",
}
# What to raise if it is what no recipe kept.
TO_RAISE = {LOSS: "VGG19_TOLERABLE_LOSS", DISAGREEMENT: "VGG19_TOLERABLE_DISAGREEMENT"}


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


def verdict_on(accuracy: float, agreement: float, bound: Bound, *, chosen: bool) -> str:
    """Return the verdict on a recipe whose model runs, by its top-1 and agreement with FP32."""
    if chosen:
        return "chosen"
    return "slower" if bound.is_met_by(accuracy, agreement) else "beyond the bound"


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
        verdict=verdict_on(attempt.accuracy_top1, attempt.agreement_fp32, bound, chosen=chosen),
        accuracy_top1=attempt.accuracy_top1,
        loss=bound.loss(attempt.accuracy_top1),
        agreement_fp32=attempt.agreement_fp32,
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
    attempts: Sequence[Attempt],
    sensitivity: Sequence[Sensitivity],
    bound: Bound,
    *,
    cut_short: bool,
) -> str:
    """Return the message for a search that found no model: what was best, what costs most.

    More trials are a remedy if it was `cut_short` alone: else all recipes were tried.
    """
    working = [attempt for attempt in attempts if not attempt.failure]
    if not working:
        return f"none of {len(attempts)} recipes gave a model that runs: {attempts[-1].failure}"
    best = min(working, key=lambda trial: bound.excess(trial.accuracy_top1, trial.agreement_fp32))
    missed = bound.missed_by(best.accuracy_top1, best.agreement_fp32)
    raised = [*(TO_RAISE[name] for name in missed), *(["VGG19_MAX_TRIALS"] if cut_short else [])]
    return (
        f"none of {len(attempts)} recipes kept the loss within {percent(bound.tolerable_loss)}"
        f"{_in_words(best, bound)} by '{recipe_in_words(best.recipe)}'{_costliest(sensitivity)}; "
        f"raise {' or '.join(raised)}, or calibrate with more images (VGG19_CALIBRATION_SAMPLES)"
    )


def _in_words(best: Attempt, bound: Bound) -> str:
    """Return what else is bounded, and the figures of the recipe that came closest."""
    loss = loss_in_words(bound.loss(best.accuracy_top1), bound.tolerable_loss).lstrip("+")
    best_loss = f"best {loss} (top-1 {best.accuracy_top1:.2%} against FP32's {bound.fp32_top1:.2%})"
    if not bound.bounds_disagreement:
        return f": {best_loss}"
    missed = " and ".join(bound.missed_by(best.accuracy_top1, best.agreement_fp32))
    most = bound.tolerable_disagreement
    disagreement = percent_beside(1 - best.agreement_fp32, most, digits=2)
    return (
        f" and the disagreement with FP32 within {percent(most)}: {best_loss} "
        f"and {disagreement}, which is beyond the bound of {missed},"
    )


def _costliest(sensitivity: Sequence[Sensitivity]) -> str:
    ops = [
        f"{gain.op} (top-1 {fraction_of_images(gain.accuracy_top1)} with it in FP32)"
        for gain in sensitivity[:MAX_NAMED_OPS]
    ]
    return f"; costliest in INT8: {', '.join(ops)}" if ops else ""


def closing_line(record: QuantizeRecord) -> str:
    """Return what a person wants to read when the stage ends."""
    fp32, int8 = record.variant("fp32"), record.variant("int8")
    most = record.tolerable_loss
    before, after = (
        fraction_of_images(it.accuracy_top1 or 0.0, len(record.labels)) for it in (fp32, int8)
    )
    return (
        f"quantize: INT8 about {int8.speedup or 0:.1f}x FP32, which profile measures, top-1 "
        f"{after} against {before} on validation "
        f"(loss {loss_in_words(int8.loss, most)}, bound {percent(most)}), "
        f"{_agreement(record)}, "
        f"{len(record.int8_ops)} of {len(record.int8_ops) + len(record.fp32_ops)} compute ops in "
        f"INT8, by '{recipe_in_words(record.recipe)}', {_trials(record)}, "
        f"{record.seconds:.0f} s"
    )


def slow_ops_line(record: QuantizeRecord) -> str:
    """Return which ops keep INT8 from the hardware's limit, the costliest first; empty if none."""
    findings = record.variant("int8").findings or []
    left_out = [
        f"{op.removeprefix(OF_CALL)} is left in FP32 by the recipe" for op in record.recipe.left_out
    ]
    named = [*map(_finding_in_words, findings), *left_out]
    hidden = len(named) - MAX_NAMED_OPS
    more = f"; {hidden} more in quantize.json" if hidden > 0 else ""
    shown = printable("; ".join(named[:MAX_NAMED_OPS]))
    return f"quantize: what holds INT8 back: {shown}{more}" if named else ""


def _finding_in_words(finding: Finding) -> str:
    """Return what an op does, and the fraction of an inference's time that this takes."""
    share = f" ({finding.share:.1%} of the time)" if finding.share else ""
    op = finding.op.removeprefix(OF_CALL) or "an op"
    return f"{op} {IN_WORDS[finding.kind]}{share}"


def _agreement(record: QuantizeRecord) -> str:
    """Return how many classes of INT8 are FP32's, and how many must be if that is bounded."""
    least, agreement = 1 - record.tolerable_disagreement, record.variant("int8").agreement_fp32
    bound = f" (at least {percent(least)})" if least else ""
    shown = percent_beside(agreement or 0, 0, 1, least, digits=digits_of_images(len(record.labels)))
    return f"agreement with FP32 {shown}{bound}"


def _trials(record: QuantizeRecord) -> str:
    count, earlier = len(record.trials), record.resumed_trials
    of_which = f", of which {earlier} by a run that was ended" if earlier else ""
    return counted(count, "trial") + of_which
