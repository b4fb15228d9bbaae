from itertools import islice
from typing import Any

import numpy as np
import pytest

from stages.common.worker.interleave import orders, take_turns, time_batches
from stages.common.worker.protocol import Turn, TurnAnswer
from tests.unit.workers import FakeWorker


class Fake(FakeWorker):
    """Answers each turn with the number of turns that all have taken before."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked

    def ask(self, request: Any, answer: Any, lasting_s: float = 0.0) -> Any:
        assert (request, answer) == (Turn(8, 0.5), TurnAnswer)
        self._asked.append(self._name)
        return TurnAnswer(batch_seconds=[float(len(self._asked))])


def test_each_round_is_an_order_of_all_the_same_for_a_seed() -> None:
    def fifty(seed: int) -> list[list[int]]:
        return [*islice(orders(4, seed), 50)]

    shuffled = fifty(1)
    assert all(sorted(order) == [0, 1, 2, 3] for order in shuffled)
    assert {order[0] for order in shuffled} == {0, 1, 2, 3}
    assert shuffled == fifty(1) != fifty(2)
    assert next(orders(0)) == []


def test_every_round_has_a_turn_of_each() -> None:
    asked: list[str] = []
    seconds = take_turns([Fake(name, asked) for name in "abc"], Turn(8, 0.5), 2)
    assert asked == ["abc"[index] for order in islice(orders(3), 2) for index in order]
    turns = [[asked.index(name) + 1.0, asked.index(name, 3) + 1.0] for name in "abc"]
    assert seconds == [[[first], [second]] for first, second in turns]


def test_progress_hears_of_each_turn() -> None:
    reported: list[tuple[int, int]] = []
    workers = [Fake(name, []) for name in "ab"]
    take_turns(workers, Turn(8, 0.5), 2, lambda *parts: reported.append(parts))
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]


class Machine:
    """A model that takes a set time for each image, with a clock that shows it."""

    def __init__(self, seconds_per_image: float) -> None:
        self.now, self._cost = 0.0, seconds_per_image

    def infer(self, images: Any) -> Any:
        self.now += self._cost * len(images)
        return images

    def clock(self) -> float:
        return self.now


def batches(*sizes: int) -> list[Any]:
    return [np.zeros((size, 1), np.float32) for size in sizes]


def test_a_turn_lasts_as_long_as_asked_and_runs_the_batches_in_turn() -> None:
    machine = Machine(0.1)
    seconds = time_batches(machine.infer, batches(1, 2, 3), 0.65, machine.clock)
    assert seconds == pytest.approx([0.1, 0.2, 0.3, 0.1])


def test_a_turn_is_one_batch_at_least() -> None:
    machine = Machine(0.1)
    assert len(time_batches(machine.infer, batches(1, 1), 0.0, machine.clock)) == 1
