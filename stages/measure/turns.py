"""Turns: contenders run one after the other, round by round, so that a disturbance hits all."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from stages.measure.protocol import Turn, TurnAnswer

ItemT = TypeVar("ItemT")


class Asked(Protocol):
    """What answers requests, as a stages.measure.launch.Worker does."""

    def ask(self, request: Any, answer: Any) -> Any:
        """Send a request and return the answer."""
        ...


def rotated(items: Sequence[ItemT], by: int) -> list[ItemT]:
    """Return the items in order, beginning with that at index `by`, modulo their number."""
    first = by % len(items) if items else 0
    return [*items[first:], *items[:first]]


def take_turns(
    workers: Sequence[Asked],
    turn: Turn,
    rounds: int,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> list[list[list[float]]]:
    """Let each worker take its turn in each round, in an order that rotates.

    Returns the seconds of each batch by [worker][round]. `tell` hears of each turn done.
    """
    seconds: list[list[list[float]]] = [[] for _ in workers]
    done = 0
    for number in range(rounds):
        for at in rotated(range(len(workers)), number):
            answer: TurnAnswer = workers[at].ask(turn, TurnAnswer)
            seconds[at].append(answer.batch_seconds)
            done += 1
            tell(done, rounds * len(workers))
    return seconds
