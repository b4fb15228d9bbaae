"""How far answers agree: bit for bit, by class, in steps of BF16."""

import numpy as np
import pytest

from stages.rehearse.answers import compare_answers


def test_equal_is_bit_for_bit() -> None:
    nearly = float(np.nextafter(np.float32(0.5), np.float32(1)))
    answers = compare_answers("int8", [[0.5, 0.5], [1.0, 0.0]], [[nearly, 0.5], [1.0, 0.0]])
    assert (answers.equal, answers.differing, answers.agreement) == (1, 0, 1.0)
    assert answers.largest_difference == pytest.approx(2**-24)
    assert answers.largest_bf16_steps is None


def test_another_class_is_counted() -> None:
    answers = compare_answers("int8", [[0.6, 0.4], [0.9, 0.1]], [[0.4, 0.6], [0.9, 0.1]])
    assert (answers.differing, answers.agreement) == (1, 0.5)


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [(0.75, 0.75 + 2**-8, 1.0), (2**-10, 2**-10 + 2**-17, 1.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0)],
)
def test_a_step_of_bf16_is_the_128th_part_of_a_power_of_two(
    one: float, other: float, steps: float
) -> None:
    answers = compare_answers("bf16", [[one]], [[other]])
    assert answers.largest_bf16_steps == steps
