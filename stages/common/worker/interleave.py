"""Turns: contenders run one after the other, round by round, so that a disturbance hits all."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from stages.common.backends.registry import Infer
from stages.common.worker.protocol import Asked, Turn, TurnAnswer
from stages.samples import Images

Clock: TypeAlias = Callable[[], float]


def orders(count: int, seed: int = 0) -> Iterator[list[int]]:
    """Yield a shuffled order of `count` contenders for each round, always the same for a seed."""
    rng = random.Random(seed)
    while True:
        yield rng.sample(range(count), count)


def take_turns(
    workers: Sequence[Asked],
    turn: Turn,
    rounds: int,
    report: Callable[[int, int], None] = lambda *_: None,
) -> list[list[list[float]]]:
    """Let each worker take its turn in each round, in shuffled order.

    Return the seconds of each batch by [worker][round]. `report` is called after each turn, with
    how many are done and how many there are.
    """
    seconds: list[list[list[float]]] = [[] for _ in workers]
    done = 0
    for order in islice(orders(len(workers)), rounds):
        for index in order:
            answer = workers[index].ask(turn, TurnAnswer)
            seconds[index].append(answer.batch_seconds)
            done += 1
            report(done, rounds * len(workers))
    return seconds


def time_batches(
    infer: Infer,
    batches: Sequence[Images],
    min_duration_s: float,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Run `batches` over and over, and return the seconds of each batch that ran.

    Stop when these add up to `min_duration_s`, after one batch at the earliest.
    """
    seconds: list[float] = []
    spent = 0.0
    while not seconds or spent < min_duration_s:
        batch = batches[len(seconds) % len(batches)]
        began = clock()
        infer(batch)
        seconds.append(clock() - began)
        spent += seconds[-1]
    return seconds
