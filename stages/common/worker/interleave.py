"""Turns: contenders run one after the other, round by round, so that a disturbance hits all."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from stages.common.backends.registry import Infer
from stages.common.worker.protocol import Turn, TurnAnswer, Worker
from stages.samples import Images

Clock: TypeAlias = Callable[[], float]


def orders(count: int, rounds: int, seed: int = 0) -> list[list[int]]:
    """Return for each round an order of `count` contenders, shuffled anew, the same for a seed."""
    dice = random.Random(seed)
    return [dice.sample(range(count), count) for _ in range(rounds)]


def take_turns(
    workers: Sequence[Worker],
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
            answer = workers[at].ask(turn, TurnAnswer)
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
