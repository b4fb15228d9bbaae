from typing import Any

from stages.measure.protocol import Turn, TurnAnswer
from stages.measure.turns import rotated, take_turns


class Fake:
    """Answers each turn with the number of turns that all have taken before."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked

    def ask(self, request: Any, answer: Any) -> TurnAnswer:
        assert (request, answer) == (Turn(8, 0.5), TurnAnswer)
        self._asked.append(self._name)
        return TurnAnswer(batch_seconds=[float(len(self._asked))])


def test_each_is_first_once() -> None:
    assert [rotated("abc", number) for number in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]
    assert rotated([], 1) == []


def test_every_round_has_a_turn_of_each_in_rotated_order() -> None:
    asked: list[str] = []
    workers = [Fake(name, asked) for name in "abc"]
    seconds = take_turns(workers, Turn(8, 0.5), 2)
    assert asked == ["a", "b", "c", "b", "c", "a"]
    assert seconds == [[[1.0], [6.0]], [[2.0], [4.0]], [[3.0], [5.0]]]


def test_progress_hears_of_each_turn() -> None:
    told: list[tuple[int, int]] = []
    take_turns(
        [Fake(name, []) for name in "ab"], Turn(8, 0.5), 2, lambda *parts: told.append(parts)
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
