"""Which pictures are taken: by the seed alone, with all classes in every split."""

from collections import Counter
from pathlib import Path

import pytest

from stages.errors import DataError, SettingsError
from stages.pictures.classes import Picture
from stages.pictures.given import files_sha256, plan_of
from stages.pictures.plan import Plan, in_turn, planned
from tests.unit.pictures.folders import folder_with, names

ALL = {"train": 0, "validation": 0, "test": 0}
SIZES = (100, 40, 10)
CLASSES = ("roses", "tulips", "daisies")


def pictures(sizes: tuple[int, ...] = SIZES, split: str = "train") -> list[Picture]:
    return [
        Picture(label, f"{split}/{label}/{number}.jpg")
        for label, size in enumerate(sizes)
        for number in range(size)
    ]


def plan(asked: dict[str, int] | None = None, seed: int = 0, **splits: list[Picture]) -> Plan:
    given = splits or {"train": pictures()}
    return planned("mine", given, CLASSES, {**ALL, **(asked or {})}, seed)


def counts(taken: list[Picture]) -> list[int]:
    by_label = Counter(it.label for it in taken)
    return [by_label[label] for label in range(len(CLASSES))]


def test_what_is_not_there_is_set_aside_with_the_classes_as_they_are_in_all() -> None:
    made = plan()
    assert made.set_aside == ("validation", "test")
    assert counts(made.taken["test"]) == [15, 6, 1]
    assert sum(made.sizes().values()) == sum(SIZES)
    all_names = [it.name for taken in made.taken.values() for it in taken]
    assert len({*all_names}) == len(all_names)


def test_the_seed_alone_decides() -> None:
    assert plan().taken == plan(train=pictures()[::-1]).taken
    assert plan().taken != plan(seed=1).taken


def test_another_picture_leaves_most_where_they_were() -> None:
    before, after = plan(), plan(train=[*pictures(), Picture(0, "train/0/new.jpg")])
    moved = {it.name for it in before.taken["test"]} ^ {it.name for it in after.taken["test"]}
    assert len(moved) <= 4


def test_splits_that_are_there_stay_apart() -> None:
    test = pictures((5, 5, 5), "test")
    made = plan(train=pictures(), test=test)
    assert {*made.taken["test"]} == {*test}
    assert made.set_aside == ("validation",)
    assert made.found == {"train": 150, "test": 15}


def test_as_many_are_taken_as_are_asked_for() -> None:
    asked = {"train": 50, "validation": 30, "test": 12}
    made = plan(asked)
    assert made.sizes() == asked
    assert counts(made.taken["train"]) == [34, 13, 3]


def test_without_a_number_what_is_taken_is_bounded_but_has_every_class() -> None:
    many = planned("mine", {"train": pictures((3000, 3000))}, ("a", "b"), ALL, 0)
    assert many.sizes() == {"train": 2000, "test": 500, "validation": 500}
    labels = tuple(map(str, range(1000)))
    classes = planned("mine", {"train": pictures((6,) * 1000)}, labels, ALL, 0)
    assert classes.sizes() == {"train": 4000, "test": 1000, "validation": 1000}
    assert all(len({it.label for it in taken}) == 1000 for taken in classes.taken.values())


def test_a_first_part_has_one_of_each_class_before_a_second_of_any() -> None:
    first = in_turn(pictures(), 0)[:3]
    assert sorted(it.label for it in first) == [0, 1, 2]


@pytest.mark.parametrize(("sizes", "asked"), [((9, 9, 2), {}), ((9, 9, 9), {"test": 25})])
def test_a_class_of_which_nothing_is_left_to_train_on_is_named(
    sizes: tuple[int, ...], asked: dict[str, int]
) -> None:
    with pytest.raises(DataError, match=r"pictures of the class \w+, of which none is left"):
        plan(asked, train=pictures(sizes))


def test_a_folder_is_planned_by_its_path(tmp_path: Path) -> None:
    folder_with(tmp_path, [*names("roses", 9), *names("tulips", 9)])
    classes, made = plan_of(f"file://{tmp_path}", ALL, 0)
    assert classes == ("roses", "tulips")
    assert made.sizes() == {"train": 12, "test": 3, "validation": 3}
    with pytest.raises(SettingsError):
        plan_of("file://elsewhere/folder", ALL, 0)


def test_the_hash_is_that_of_contents_not_of_times(tmp_path: Path) -> None:
    folder_with(tmp_path, [*names("roses", 9), *names("tulips", 9)])
    _, made = plan_of(str(tmp_path), ALL, 0)
    before = files_sha256(tmp_path, made.taken)
    (tmp_path / "roses" / "1.jpg").touch()
    assert files_sha256(tmp_path, made.taken) == before
    (tmp_path / "roses" / "1.jpg").write_text("another")
    assert files_sha256(tmp_path, made.taken) != before
