"""Two of everything at once: both end, at most one is refused, and nothing is damaged by it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.campaigns import containers
from tests.campaigns.folders import (
    STAGES,
    judge_left_files,
    why_not_whole,
)
from tests.campaigns.judging import judge_end
from tests.campaigns.pair_kinds import KINDS, Pair
from tests.campaigns.processes import Command, descendants, end_all
from tests.campaigns.product import (
    LIMIT_S,
    started,
)
from tests.campaigns.tries import LOST, RUNNING, UNCLEAR, Bench, Case, Options

# The second begins at most this much later, in seconds.
MAX_DELAY_S = 2.0
SETTLE_S = 5.0


def cases(options: Options) -> Sequence[Case]:
    """Return the tries of all pairs, by those of the runners that can make them, in turn."""
    return [
        Case(row, number, Together(maker, runner_of(options.runners, able, number)))
        for number in range(options.tries)
        for row, (maker, able) in KINDS.items()
    ]


def runner_of(asked: Sequence[str], able: Sequence[str], number: int) -> str:
    """Return the runner of a try; one that can't make the pair only if none was asked for."""
    runners = [runner for runner in asked if runner in able] or asked
    return runners[number % len(runners)]


class Together:
    """Runs a pair at once and judges what comes of it."""

    def __init__(self, maker: Callable[[Bench, str], Pair], runner: str) -> None:
        self.maker, self.runner = maker, runner

    def __call__(self, bench: Bench) -> None:
        pair = self.maker(bench, self.runner)
        first, second = pair.both
        delay = bench.dice.choice([0.0, bench.dice.random() * MAX_DELAY_S])
        bench.done.append(f"by the {self.runner} runner, the second after {delay:.2f} s")
        with started(bench, first.argv, first.environ, folder=first.folder) as one:
            time.sleep(delay)
            with started(bench, second.argv, second.environ, folder=second.folder) as two:
                codes = [_judge_one(bench, command) for command in (one, two)]
        if all(codes):
            bench.fault(UNCLEAR, f"both were refused, with codes {codes}")
        _judge_left(bench, pair)
        for root in pair.roots:
            _judge_root(bench, root, pair.empties)
        pair.also(bench)


def _judge_one(bench: Bench, command: Command) -> int:
    code = command.code_within(LIMIT_S)
    if code is None:
        command.kill(9, group=True)
        command.code_within(SETTLE_S)
        bench.fault(RUNNING, f"does not end within {LIMIT_S:.0f} s")
        return -9
    judge_end(bench, code, command.output)
    return code


def _judge_left(bench: Bench, pair: Pair) -> None:
    def left() -> list[str]:
        ended = not pair.by_compose
        names = [it for root in pair.roots for it in containers.of_folder(root, ended=ended)]
        return [*descendants().values(), *names]

    until = time.monotonic() + SETTLE_S
    while left() and time.monotonic() < until:
        time.sleep(0.1)
    if left():
        bench.fault(RUNNING, "; ".join(left()))
        end_all(list(descendants()))
    containers.remove([name for root in pair.roots for name in containers.of_folder(root)])


def _judge_root(bench: Bench, root: Path, empties: bool) -> None:
    for stage in STAGES:
        there = (root / stage).exists()
        if there or not empties:
            broken = why_not_whole(root / stage)
            if broken:
                bench.fault(LOST, broken)
    judge_left_files(bench, root)
