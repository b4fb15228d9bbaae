"""What a table says that one figure hides: the class that INT8 does not see any more."""

from dataclasses import replace

import pytest

from stages.compare.effects import compare
from stages.compare.recall import recalls_of
from stages.compare.table import render
from stages.records.cell import Accuracy, Cell
from stages.records.profile import ProfileRecord
from tests.unit.compare.profiles import profiled
from tests.unit.records import measured, profile

CLASSES = ["leaf_spot", "rust", "healthy"]
LABELS = [0, 0, 0, 0, 1, 1, 2, 2]
LOST = [0, 0, 0, 0, 2, 2, 2, 2]  # never sees rust, and is right for 6 of 8 all the same


def answering(precision: str, predictions: list[int], isa: str = "AVX512_CORE_BF16") -> Cell:
    accuracy = Accuracy(top1=1.0, predictions=predictions, agreement_fp32=1.0, log="log")
    return measured(precision, isa, 4.0, accuracy=accuracy)


def classified(*cells: Cell) -> ProfileRecord:
    return replace(profile(*cells), labels=LABELS, classes=CLASSES)


def rendered(*records: ProfileRecord) -> str:
    profiles = profiled(*records)
    return render(compare(profiles), {it.runtime: it.summaries for it in profiles})


def test_a_class_that_int8_loses_is_shown() -> None:
    text = rendered(classified(answering("fp32", LABELS), answering("int8", LOST)))
    lines = [
        "Class (AVX512_CORE_BF16)  images  FP32    INT8",
        "leaf_spot                 4       100.0%  100.0%",
        "rust                      2       100.0%  0.0%",
        "healthy                   2       100.0%  100.0%",
    ]
    assert "\n\n{}\n\nModel (AVX512_CORE_BF16)".format("\n".join(lines)) in text


def test_each_precision_that_has_int8_has_a_column() -> None:
    cells = [
        *(answering(name, LABELS) for name in ("fp32", "int8", "bf16")),
        answering("int8_bf16", LOST),
    ]
    (found,) = recalls_of(classified(*cells))
    assert found.classes[1].right == {"fp32": 2, "int8": 2, "int8_bf16": 0}
    assert "images  FP32    INT8    INT8_BF16\n" in rendered(classified(*cells))


def test_if_no_class_changes_one_line_says_so() -> None:
    swapped = [*LABELS[:4], 1, 2, 2, 1]  # other images, as many of each class
    text = rendered(
        classified(answering("fp32", [*LABELS[:4], 2, 1, 1, 2]), answering("int8", swapped))
    )
    assert "\n\nRecall (AVX512_CORE_BF16): no class changes from FP32 to INT8\n\n" in text
    assert "leaf_spot" not in text


def test_of_two_runtimes_each_is_named() -> None:
    ours, stock = (
        replace(classified(answering("fp32", LABELS), answering("int8", answers)), runtime=name)
        for name, answers in (("itex", LABELS), ("stock", LOST))
    )
    text = rendered(ours, stock)
    assert "Recall (AVX512_CORE_BF16, itex): no class changes" in text
    assert "Class (AVX512_CORE_BF16, stock)  images" in text


def test_both_are_of_the_highest_cap_that_ran_both() -> None:
    (found,) = recalls_of(
        classified(
            answering("fp32", LABELS, "AVX2"),
            answering("int8", LABELS, "AVX2"),
            answering("fp32", LOST),
        )
    )
    assert (found.isa, found.classes[1].right) == ("AVX2", {"fp32": 2, "int8": 2})


def test_one_precision_alone_is_compared_with_nothing() -> None:
    assert recalls_of(classified(answering("int8", LABELS))) == []


@pytest.mark.parametrize("classes", [[], ["leaf_spot", "rust"]])
def test_a_class_without_a_name_is_known_by_its_number(classes: list[str]) -> None:
    record = classified(answering("fp32", LABELS), answering("int8", LOST))
    (found,) = recalls_of(replace(record, classes=classes))
    assert found.classes[-1].name == "class 2"


def test_of_many_classes_those_that_lose_most_are_shown_and_the_others_counted() -> None:
    labels = [label for label in range(1000) for _ in range(2)]
    answers = [*labels]
    answers[1400] = answers[1401] = 0  # class 700 is lost, half of each of 30 others is
    for label in range(100, 130):
        answers[2 * label] = 0
    record = replace(
        profile(answering("fp32", labels), answering("int8", answers)),
        labels=labels,
        classes=[f"class number {label}" for label in range(1000)],
    )
    lines = rendered(record).partition("Class (")[2].partition("\n\n")[0].splitlines()
    assert lines[1].split() == ["class", "number", "700", "2", "100.0%", "0.0%"]
    assert len(lines) == 22
    assert lines[-1] == "980 more classes, 11 of which change"


def test_one_class_more_is_said_of_one() -> None:
    labels = [*range(21)]
    fp32, int8 = [*labels[:20], 0], [*labels[1:], 20]  # twenty lose, and the last one gains
    record = replace(
        profile(answering("fp32", fp32), answering("int8", int8)), labels=labels, classes=[]
    )
    assert "\n1 more class, 1 of which changes\n" in rendered(record)


def test_a_long_name_is_cut_and_an_odd_one_cleaned() -> None:
    names = ["\u202eexe.gnp", "x" * 255, "healthy"]
    cells = (answering("fp32", LABELS), answering("int8", LOST))
    text = rendered(replace(classified(*cells), classes=names))
    assert "\u202e" not in text
    assert r"\u202eexe.gnp" in text
    assert f"{'x' * 37}..." in text
