"""What was taken for what, and which images show it."""

from dataclasses import replace

from stages.compare.effects import compare
from stages.compare.page.accuracy import TOP1, Confusion, confusions, recalls, top1
from stages.compare.page.seen import Seen
from stages.records.profile import ProfileRecord
from tests.unit.compare.profiles import profiled
from tests.unit.records import IMAGES, accuracy, measured, profile


def seen(record: ProfileRecord) -> Seen:
    profiles = profiled(record)
    return Seen(compare(profiles), profiles)


def answering(*predictions: int, labels: list[int]) -> list[Confusion]:
    answers = replace(accuracy(1.0), predictions=[*predictions])
    cells = [measured(name, "AVX2", 5.0, accuracy=answers) for name in ("fp32", "int8")]
    record = replace(profile(*cells), labels=labels, classes=["rust", "healthy"])
    return confusions(seen(record))


def test_rows_are_what_an_image_is_and_columns_what_it_was_taken_for() -> None:
    found = answering(0, 1, 1, 1, -1, labels=[0, 0, 1, 1, 1])[0]
    assert found.classes == ["no answer", "rust", "healthy"]
    assert found.rows == [("rust", [0, 1, 1]), ("healthy", [1, 0, 2])]


def test_of_many_classes_only_the_most_frequent_mistakes_are_named() -> None:
    labels = [*range(50), 3, 3]
    found = answering(*range(50), 7, 7, labels=labels)[0]
    assert not found.rows
    assert found.left_out == "Most often: class 3 taken for class 7: 2"
    without = answering(*range(50), labels=[*range(50)])[0]
    assert without.left_out == "No image was taken for another class"


def test_the_highest_cap_of_each_precision_is_shown() -> None:
    cells = [measured("fp32", isa, 5.0) for isa in ("AVX512_CORE", "AVX2")]
    names = [confusion.name for confusion in confusions(seen(profile(*cells)))]
    assert names == ["FP32 at AVX-512"]


def test_a_loss_has_its_interval_and_stands_beside_what_differs() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, top1=0.99)]
    fp32, int8 = (dict(zip(TOP1, row, strict=True)) for row in top1(seen(profile(*cells))))
    assert (fp32["loss against FP32"], fp32["images that differ"]) == ("-", "-")
    assert int8["top-1"] == "99.0% (94.6-99.97%)"
    assert int8["loss against FP32"] == "+1.00% (-4.3% to +6.2%)"
    assert (int8["as FP32"], int8["images that differ"]) == ("100.0%", "1 (p = 1)")
    same = [measured(name, "AVX2", 5.0) for name in ("fp32", "int8")]
    assert top1(seen(profile(*same)))[1][-1] == "none"


def test_a_recall_has_its_exact_interval() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, top1=0.9)]
    (found,) = recalls(seen(profile(*cells)))
    assert found.precisions == ["FP32", "INT8"]
    assert [images for _, images, _ in found.rows] == [IMAGES // 2] * 2
    assert found.rows[0][2] == ["100.0% (92.9-100.0%)", "90.0% (78.2-96.7%)"]
