"""Accuracies with exact intervals, what was taken for what, and recall by class."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.common.figures import ends_of_fraction, fraction_of_images, loss_ends, loss_in_words
from stages.compare.accuracy import p_in_words, top1_interval
from stages.compare.bound import bound_of
from stages.compare.cautions import is_derived
from stages.compare.highest import highest_timed
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.seen import Seen
from stages.precisions import get_precision
from stages.records.accuracy import ClassRecall, Recalls
from stages.records.accuracy_bound import AccuracyBound
from stages.records.cell import Cell
from stages.records.compare import Row

# A larger table of what was taken for what is read by nobody.
MAX_CLASSES = 12
MAX_RECALLS = 60
TOP1 = ("cell", "top-1", "loss against FP32", "as FP32", "images that differ")


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each class was given each answer, by one cell.

    `rows` has the images of a class by answer; the last answer is none of the classes.
    """

    name: str
    classes: list[str]
    rows: list[tuple[str, list[int]]]
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class RecallTable:
    """Recall with exact intervals: the precisions, then a class, its images, a text for each."""

    title: str
    precisions: list[str]
    rows: list[tuple[str, int, list[str]]]
    left_out: int


def class_name(classes: Sequence[str], index: int) -> str:
    """Return the name of a class, or its index if it has none."""
    if index < 0:
        return "no answer"
    return classes[index] if index < len(classes) else f"class {index}"


def top1(seen: Seen) -> list[list[str]]:
    """Return a row for each cell that has answers of its own: what `TOP1` names."""
    images = len(seen.profiles[0].record.labels)
    return [
        [
            seen.cell_name(row.precision, row.isa, row.runtime),
            _top1(row, images),
            _loss(row, bound_of(seen.record, row.runtime)),
            "-" if row.agreement_fp32 is None else fraction_of_images(row.agreement_fp32, images),
            _differing(row),
        ]
        for row in seen.record.rows
        if not is_derived(row)
    ]


def _top1(row: Row, images: int) -> str:
    top1, between = fraction_of_images(row.accuracy_top1, images), row.accuracy_interval
    return f"{top1} ({ends_of_fraction(between, images)}%)" if between else top1


def _loss(row: Row, made_under: AccuracyBound | None) -> str:
    """Return what a cell lost of FP32's top-1, with its interval, apart from INT8's bound."""
    between = row.accuracy_loss_interval
    if between is None:
        return "-"
    bound = (made_under.tolerable_loss,) if made_under else ()
    return f"{loss_in_words(row.accuracy_loss, *bound)} ({loss_ends(between, *bound)})"


def _differing(row: Row) -> str:
    """Return how many images only one of a cell and FP32 got right, and how likely by chance."""
    found = row.accuracy_difference
    if found is None:
        return "-"
    differ = found.better + found.worse
    return f"{differ} ({p_in_words(found)})" if differ else "none"


def confusions(seen: Seen) -> list[Confusion]:
    """Return what was taken for what, by each precision at its highest cap."""
    return [
        _confusion(seen, profile, cell)
        for profile in seen.profiles
        for cell in highest_timed(profile.record)
    ]


def _confusion(seen: Seen, profile: RuntimeProfile, cell: Cell) -> Confusion:
    record = profile.record
    name = seen.cell_name(cell.precision, cell.requested_isa, profile.runtime)
    predictions = cell.measurement.accuracy.predictions if cell.measurement else []
    pairs = Counter(zip(record.labels, predictions, strict=False))
    indices = sorted({*record.labels, *predictions})
    names = [class_name(record.classes, index) for index in indices]
    if len(indices) > MAX_CLASSES:
        most = "; ".join(_most(pairs, record.classes))
        left_out = f"Most often: {most}" if most else "No image was taken for another class"
        return Confusion(name, [], [], left_out)
    rows = [
        (class_name(record.classes, label), [pairs[label, answer] for answer in indices])
        for label in sorted({*record.labels})
    ]
    return Confusion(name, names, rows)


def _most(pairs: Counter[tuple[int, int]], classes: Sequence[str]) -> Iterator[str]:
    """Yield the most frequent mistakes."""
    wrong = [(count, pair) for pair, count in pairs.items() if pair[0] != pair[1]]
    for count, (label, answer) in sorted(wrong, reverse=True)[:MAX_CLASSES]:
        yield f"{class_name(classes, label)} taken for {class_name(classes, answer)}: {count}"


def recalls(seen: Seen) -> list[RecallTable]:
    """Return the recall of each class in FP32 and in INT8, by runtime."""
    caps = {models.rows[0].runtime: models.isa for models in seen.models}
    return [_recalls(seen, it, caps.get(it.runtime, it.isa)) for it in seen.record.recalls]


def _recalls(seen: Seen, found: Recalls, cap: str) -> RecallTable:
    shown = found.classes[:MAX_RECALLS]
    precisions = [*shown[0].right] if shown else []
    return RecallTable(
        title=f"{cap}, {found.runtime}" if seen.named else cap,
        precisions=[get_precision(name).label for name in precisions],
        rows=[(it.name, it.images, [_recall(it, name) for name in precisions]) for it in shown],
        left_out=len(found.classes) - len(shown),
    )


def _recall(recall: ClassRecall, precision: str) -> str:
    right = recall.right[precision]
    exact = top1_interval([True] * right + [False] * (recall.images - right))
    top1 = fraction_of_images(exact.estimate, recall.images)
    return f"{top1} ({ends_of_fraction(exact, recall.images)}%)"
