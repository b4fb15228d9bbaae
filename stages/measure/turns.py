"""Turns: contenders run one after the other, round by round, so that a disturbance hits all."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from stages.measure.protocol import Turn, TurnAnswer
from stages.runtime import Images, Infer

Clock: TypeAlias = Callable[[], float]


class Asked(Protocol):
    """What answers requests, as a stages.measure.launch.Worker does."""

    def ask(self, request: Any, answer: Any, lasting_s: float = 0.0) -> Any:
        """Send a request and return the answer, which takes `lasting_s` by itself."""
        ...


def orders(count: int, rounds: int, seed: int = 0) -> list[list[int]]:
    """Return for each round an order of `count` contenders, shuffled anew, the same for a seed."""
    dice = random.Random(seed)
    return [dice.sample(range(count), count) for _ in range(rounds)]


def take_turns(
    workers: Sequence[Asked],
    turn: Turn,
    rounds: int,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> list[list[list[float]]]:
    """Let each worker take its turn in each round, in shuffled order.

    Returns the seconds of each batch by [worker][round]. `tell` hears of each turn done.
    """
    seconds: list[list[list[float]]] = [[] for _ in workers]
    done = 0
    for order in orders(len(workers), rounds):
        for at in order:
            answer: TurnAnswer = workers[at].ask(turn, TurnAnswer)
            seconds[at].append(answer.batch_seconds)
            done += 1
            tell(done, rounds * len(workers))
    return seconds


def turn(
    infer: Infer,
    batches: Sequence[Images],
    min_duration_s: float,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Run batches, in turn, for at least `min_duration_s` and return the seconds of each."""
    seconds: list[float] = []
    spent = 0.0
    while not seconds or spent < min_duration_s:
        batch = batches[len(seconds) % len(batches)]
        began = clock()
        infer(batch)
        seconds.append(clock() - began)
        spent += seconds[-1]
    return seconds
