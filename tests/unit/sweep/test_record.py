"""What a sweep's record may not be."""

from dataclasses import replace
from typing import Any

import pytest

from stages.records.checks import problems
from stages.records.sweep import SweepRecord
from tests.unit.sweep.points import TWO, name, points, record


def first(made: SweepRecord) -> Any:
    return made.points[0]


def test_a_whole_record_has_no_problem() -> None:
    assert [*problems(record())] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: {"points": [first(it), *it.points]}, "fp32 1 x 2 at batch size 1 is there"),
        (lambda it: {"cells": it.cells[1:]}, "fp32 1 x 2 at batch size 1 is of no cell"),
        (lambda it: {"cells": [*it.cells, it.cells[0]]}, "a precision is there twice"),
        (
            lambda it: {"cells": [replace(it.cells[0], proofs=[]), it.cells[1]]},
            "fp32 has not a proof for each of its batch sizes",
        ),
        (
            lambda it: {"cells": [replace(it.cells[0], impossible="no flag"), it.cells[1]]},
            "fp32 has either proofs, or a reason why it is impossible",
        ),
        (lambda it: {"reference": name(64, TWO)}, "int8 2 x 1 at batch size 64 is named, and was"),
        (lambda it: {"best": [name(64, TWO)]}, "int8 2 x 1 at batch size 64 is named, and was"),
        (lambda it: {"groups": 2}, "the points are of 1 groups, not 2"),
        (
            lambda it: {"points": [replace(first(it), runs=first(it).runs[1:]), *it.points[1:]]},
            "rounds of a point are missing",
        ),
        (
            lambda it: {"maker": replace(it.maker, settings={"rounds": 9})},
            "there are fewer than the 9 rounds that were asked for",
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(change: Any, said: str) -> None:
    made = record(*points("fp32", slower=2.0), *points("int8"))
    found = [*problems(replace(made, **change(made)))]
    assert any(problem.startswith(said) for problem in found), found
