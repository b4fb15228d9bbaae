"""Whether INT8 keeps its accuracy bound: on validation, which chose it, and on the test split."""

from collections.abc import Iterator

from stages.common.figures import (
    counted,
    fraction_of_images,
    loss_ends,
    loss_in_words,
    percent,
)
from stages.common.stats import right_answers, within
from stages.common.text import recipe_in_words
from stages.compare.accuracy import difference, exact_bounds
from stages.compare.inputs import RuntimeProfile
from stages.isa import rank
from stages.precisions import FP32, INT8
from stages.records.accuracy import AccuracyDifference, LossInterval
from stages.records.accuracy_bound import AccuracyBound
from stages.records.compare import CompareRecord, Row
from stages.records.quantize import QuantizeRecord

# Two intervals that each hold what they should in all but 2.5% of cases: both do in 95%.
CONFIDENCE_OF_EACH = 0.975


def bounds_of(profile: RuntimeProfile) -> list[AccuracyBound]:
    """Return the bound of a profile's INT8 as the one entry of a list; empty if it is not known."""
    made = profile.quantized
    if made is None or not profile.summaries:
        return []
    int8 = next((it for it in made.variants if it.precision == INT8), None)
    return [
        AccuracyBound(
            runtime=profile.runtime,
            tolerable_loss=made.tolerable_loss,
            tolerable_disagreement=made.tolerable_disagreement,
            images=len(made.labels),
            loss=int8.loss if int8 else None,
            agreement_fp32=int8.agreement_fp32 if int8 else None,
            recipe=made.recipe,
            loss_interval=_validation_interval(made),
        )
    ]


def _validation_interval(made: QuantizeRecord) -> LossInterval | None:
    """Return the interval of INT8's loss on validation; None without the answers of both."""
    answers = {it.precision: it.predictions for it in made.variants}
    fp32, int8 = (answers.get(name, []) for name in (FP32, INT8))
    if not made.labels or not len(fp32) == len(int8) == len(made.labels):
        return None
    right = right_answers(fp32, made.labels)
    return loss_interval(difference(right_answers(int8, made.labels), right), sum(right))


def loss_interval(found: AccuracyDifference, fp32_right: int) -> LossInterval | None:
    """Return the 95% interval of a loss relative to FP32's top-1; None if FP32 is never right.

    It holds for what each of the two alone gets right, by the exact intervals of both (Clopper and
    Pearson, with Bonferroni's correction), so it is rather too wide than too narrow.
    """
    if not fp32_right:
        return None
    lost, gained = (
        exact_bounds(count, found.images, CONFIDENCE_OF_EACH)
        for count in (found.worse, found.better)
    )
    scale = found.images / fp32_right
    low, high = (lost[0] - gained[1]) * scale, (lost[1] - gained[0]) * scale
    return LossInterval(low=low, high=min(high, 1.0))


def judged(row: Row, bound: AccuracyBound | None) -> str:
    """Return what the images of the test split show of the bound, such as `show no loss above 1%`.

    Empty if the bound or the interval of the loss is not known.
    """
    between = row.accuracy_loss_interval
    return "" if bound is None or between is None else shown_of(between, bound.tolerable_loss)


def shown_of(between: LossInterval, tolerable: float) -> str:
    """Return what images show of a loss that is to be at most `tolerable`, a fraction."""
    if not within(between.low, tolerable):
        return f"show a loss above {percent(tolerable)}"
    if within(between.high, tolerable):
        return f"show no loss above {percent(tolerable)}"
    return f"are too few to decide a loss of {percent(tolerable)}"


def bound_of(record: CompareRecord, runtime: str) -> AccuracyBound | None:
    """Return the bound of a runtime's INT8, None if it is not known."""
    return next((bound for bound in record.bounds if bound.runtime == runtime), None)


def bound_rows(record: CompareRecord) -> Iterator[tuple[str, str]]:
    """Yield a name and a text for each thing that is known of each bound, and of its keeping."""
    for bound in record.bounds:
        named = f" {bound.runtime}" if len(record.versions) > 1 else ""
        yield f"accuracy bound{named}", _allowed(bound)
        yield f"on validation{named}", _on_validation(bound)
        rows = [it for it in record.rows if (it.runtime, it.precision) == (bound.runtime, INT8)]
        known = [row for row in rows if row.accuracy_loss_interval]
        for row in sorted(known, key=lambda row: rank(row.isa))[-1:]:
            yield f"on the test split{named}", _on_test(row, bound)


def _allowed(bound: AccuracyBound) -> str:
    text = f"INT8 may lose {percent(bound.tolerable_loss)} of FP32's top-1"
    if bound.tolerable_disagreement == 1:
        return text
    return f"{text}, and give {percent(bound.tolerable_disagreement)} of all images another class"


def _on_validation(bound: AccuracyBound) -> str:
    agree = _as_fp32(bound.agreement_fp32, bound.images)
    loss = loss_in_words(bound.loss, bound.tolerable_loss)
    ends = _ends(bound.loss_interval, bound)
    return (
        f"loss {loss}{ends} of {counted(bound.images, 'image')}{agree}: {_kept(bound)}, "
        f"with the recipe {recipe_in_words(bound.recipe)}, which was chosen there"
    )


def _as_fp32(agreement: float | None, images: int) -> str:
    return "" if agreement is None else f", {fraction_of_images(agreement, images)} as FP32"


def _kept(bound: AccuracyBound) -> str:
    """Return whether the loss on validation is within the bound, and if that is an estimate."""
    most, between = bound.tolerable_loss, bound.loss_interval
    kept = "kept" if bound.loss is not None and within(bound.loss, most) else "NOT KEPT"
    open_ended = between and within(between.low, most) and not within(between.high, most)
    return f"{kept} by the estimate" if open_ended else kept


def _ends(between: LossInterval | None, bound: AccuracyBound) -> str:
    return f" ({loss_ends(between, bound.tolerable_loss)})" if between else ""


def _on_test(row: Row, bound: AccuracyBound) -> str:
    found = row.accuracy_difference
    count = found.images if found else 0
    agree = _as_fp32(row.agreement_fp32, count)
    ends = _ends(row.accuracy_loss_interval, bound)
    images = f"{counted(count, 'image')} {judged(row, bound)}" if found else ""
    loss = loss_in_words(row.accuracy_loss, bound.tolerable_loss)
    return f"loss {loss}{ends}{agree}: {images}"
