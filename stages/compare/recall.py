"""Recall by class: which classes INT8 gets right more or less often than FP32 does."""

from collections import Counter
from collections.abc import Iterator, Sequence

from stages.common.figures import counted, fraction_of_images
from stages.common.summaries import measurements, top_isa
from stages.common.text import aligned
from stages.precisions import FP32, INT8, PRECISIONS, get_precision
from stages.program.printable import printable
from stages.records.accuracy import ClassRecall, Recalls
from stages.records.cell import Measurement
from stages.records.profile import ProfileRecord

# Classes that a table shows, and the characters of their names: it is to be read.
MAX_ROWS, MAX_NAME = 20, 40
PRECISIONS_SHOWN = (FP32, *(precision.name for precision in PRECISIONS if precision.model == INT8))


def recalls_of(record: ProfileRecord) -> list[Recalls]:
    """Return what each precision gets right of each class at the highest cap of FP32 and INT8.

    It is the one entry of a list, which is empty unless both were measured at a cap.
    """
    isa, cells = top_isa(record), measurements(record)
    if isa is None:
        return []
    shown = {name: cells[name, isa] for name in PRECISIONS_SHOWN if (name, isa) in cells}
    right = {name: _right_by_class(record.labels, cell) for name, cell in shown.items()}
    classes = [
        ClassRecall(
            name=_name_of(label, record.classes),
            images=images,
            right={precision: counts[label] for precision, counts in right.items()},
        )
        for label, images in sorted(Counter(record.labels).items())
    ]
    return [Recalls(runtime=record.runtime, isa=isa, classes=classes)]


def _right_by_class(labels: Sequence[int], measurement: Measurement) -> Counter[int]:
    """Return how many images of each class were classified right, by the class's index."""
    pairs = zip(measurement.accuracy.predictions, labels, strict=True)
    return Counter(label for prediction, label in pairs if prediction == label)


def _name_of(label: int, classes: Sequence[str]) -> str:
    return classes[label] if label < len(classes) else f"class {label}"


def render_recalls(recalls: Recalls, cap: str, *, named: bool) -> str:
    """Return a row for each class if one changes, else the line that none does.

    If there are many classes, those that lose most are shown, and the others are counted. The
    runtime is named if it is to be `named`; `cap` is the lowest at which these kernels ran.
    """
    where = f"({', '.join([cap, *([recalls.runtime] if named else [])])})"
    if not any(map(_changes, recalls.classes)):
        return f"Recall {where}: no class changes from FP32 to INT8"
    precisions = [*recalls.classes[0].right]
    labels = [get_precision(precision).label for precision in precisions]
    head = (f"Class {where}", "images", *labels)
    shown = _worst(recalls.classes)
    table = aligned([head, *(tuple(_cells(recall, precisions)) for recall in shown)])
    others = len(recalls.classes) - len(shown)
    changed = sum(map(_changes, recalls.classes)) - sum(map(_changes, shown))
    if not others:
        return table
    more = counted(others, "more class", "more classes")
    return f"{table}\n{more}, {changed} of which {'changes' if changed == 1 else 'change'}"


def _worst(classes: Sequence[ClassRecall]) -> list[ClassRecall]:
    """Return all classes of a few; of many those that lose most, by the part of their images."""
    if len(classes) <= MAX_ROWS:
        return [*classes]
    return sorted(classes, key=_loss, reverse=True)[:MAX_ROWS]


def _loss(recall: ClassRecall) -> tuple[float, bool]:
    """Return how much worse any precision is than FP32, and whether one differs at all."""
    before = recall.right[FP32]
    lost = max(before - right for right in recall.right.values())
    return lost / recall.images, _changes(recall)


def _changes(recall: ClassRecall) -> bool:
    return len(set(recall.right.values())) > 1


def _cells(recall: ClassRecall, precisions: Sequence[str]) -> Iterator[str]:
    yield printable(recall.name, MAX_NAME)
    yield str(recall.images)
    for precision in precisions:
        yield fraction_of_images(recall.right[precision] / recall.images, recall.images)
