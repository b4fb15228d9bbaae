"""The answer of a comparison in a sentence, which people read first, and some read alone."""

from collections.abc import Sequence

from stages.common.chance import MAX_P
from stages.common.figures import counted, end_of_ratio, fraction_of_images, multiple, quantity
from stages.common.headline import (
    FIGURES,
    doubt,
    doubt_of_accuracies,
    is_invalid,
    not_trusted,
)
from stages.common.text import is_of_one_round
from stages.compare.accuracy import p_in_words
from stages.compare.bound import judged
from stages.compare.models import Models
from stages.precisions import FP32, get_precision
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row


def answers(record: CompareRecord, models: Sequence[Models]) -> list[str]:
    """Return a sentence for each runtime; it begins with what is in doubt, if anything is.

    `models` are those of the record. Runtimes are named if there are several.
    """
    both = {pair.rows[0].runtime: pair for pair in models}
    return [_answer(record, runtime, both.get(runtime)) for runtime in record.versions]


def _answer(record: CompareRecord, runtime: str, models: Models | None) -> str:
    named = f"{runtime}: " if len(record.versions) > 1 else ""
    doubtful = doubt(models.summaries, ["offline"]) if models else _doubt_of_run(record, runtime)
    said = _of_both(models) if models else _of_fastest(record, runtime)
    return f"{named}{f'{doubtful}. ' if doubtful else ''}{said}"


def _doubt_of_run(record: CompareRecord, runtime: str) -> str:
    doubtful = [it for it in record.repeats if it.runtime == runtime and not it.trusted]
    if doubtful:
        return not_trusted(doubtful[0].reasons)
    best = _fastest(record, runtime)
    if best is None or not is_invalid(best.reasons, "offline"):
        return ""
    return f"INVALID: {FIGURES['offline']} of {get_precision(best.precision).label}"


def _fastest(record: CompareRecord, runtime: str) -> Row | None:
    rows = [row for row in record.rows if row.runtime == runtime]
    return max(rows, key=lambda row: row.throughput_images_per_s.estimate, default=None)


def _of_fastest(record: CompareRecord, runtime: str) -> str:
    """Return which cell is the fastest of a runtime that lacks FP32 or INT8."""
    best = _fastest(record, runtime)
    if best is None:
        return "Nothing was measured"
    rate = quantity(best.throughput_images_per_s.estimate)
    return (
        f"{get_precision(best.precision).label} runs at {rate} images/s here, capped at "
        f"{best.isa}; {_beside_fp32(record, runtime)}"
        "INT8 and FP32 were not both measured at any cap"
    )


def _beside_fp32(record: CompareRecord, runtime: str) -> str:
    """Return how fast the fastest is that was measured beside FP32; empty if none was."""
    rows = [row for row in record.rows if row.runtime == runtime and row.precision != FP32]
    beside = [row for row in rows if row.precision_speedup]
    row = max(beside, key=lambda row: row.throughput_images_per_s.estimate, default=None)
    if row is None or row.precision_speedup is None:
        return ""
    reasons = [why for it in record.repeats if it.runtime == runtime for why in it.reasons]
    as_fast = times_as_fast(row.precision_speedup, "FP32 there", once=is_of_one_round(reasons))
    return f"{get_precision(row.precision).label} runs {as_fast}, at {row.isa}; "


def _of_both(models: Models) -> str:
    parts = [f"{_speed(models)}, capped at {models.isa}", _accuracy(models)]
    return "; ".join(filter(None, [*parts, doubt_of_accuracies(models.summaries)]))


def _speed(models: Models) -> str:
    fp32, int8 = models.summaries
    ratio = int8.throughput_speedup
    if ratio is None:
        return (
            f"INT8 runs at {quantity(int8.throughput)} images/s here, FP32 at "
            f"{quantity(fp32.throughput)}"
        )
    return f"INT8 runs {times_as_fast(ratio, 'FP32 here', once=models.once)}"


def times_as_fast(ratio: Interval, other: str, *, once: bool) -> str:
    """Return how many times as fast as another something is, which there is no interval of `once`.

    It says so if the interval holds 1.
    """
    between = "" if once else f" ({end_of_ratio(ratio.low)} to {end_of_ratio(ratio.high)})"
    is_same = not once and ratio.low <= 1 <= ratio.high
    same = ", which may be no difference" if is_same else ""
    return f"{multiple(ratio.estimate)} times{between} as fast as {other}{same}"


def _accuracy(models: Models) -> str:
    """Return top-1 of both, and whether the test split shows a difference."""
    found = models.rows[1].accuracy_difference
    images = found.images if found else 0
    shown_of_each = (fraction_of_images(it.accuracy, images) for it in models.summaries)
    fp32, int8 = (text.removesuffix("%") for text in shown_of_each)
    if found is None:
        return f"top-1 {fp32} to {int8}%"
    judgement = judged(models.rows[1], models.bound)
    if not found.better + found.worse:
        same = f"top-1 {fp32}%, on the same images"
        return f"{same}; {images} {judgement}" if judgement else same
    change = found.better - found.worse
    amount = (
        f"{abs(change)} more {'right' if change > 0 else 'wrong'}" if change else "as many right"
    )
    shown = "no difference shown" if found.p_value > MAX_P else "more than chance"
    text = f"top-1 {fp32} to {int8}%, {amount} of {counted(images, 'image')}: {shown}"
    few = judgement.removeprefix("are ").removeprefix("show ")
    return f"{text} ({p_in_words(found)}){f', and {few}' if few else ''}"
