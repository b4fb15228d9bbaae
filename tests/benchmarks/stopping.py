"""What ending at the first look that is close enough does to the 95% intervals.

`python -m tests.benchmarks.stopping [--runs N]`: no machine is measured. Rates are drawn whose true
ratio is known, with a part that all cells of a round share and a part of each turn; profile's own
rule ends the rounds. The table says how often the last interval holds the true ratio, and the same
after as many rounds fixed beforehand.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import mean

import numpy as np

from stages.common.stats import speedup
from stages.common.text import aligned
from stages.profile.sureness import sureness
from stages.records.measure import Batches, Interference, Run

TRUE_RATES = {("fp32", "AVX512_CORE"): 5.0, ("int8", "AVX512_CORE"): 20.0}
REPEATED = ("int8", "AVX512_CORE")
TRUE_RATIO = 4.0
GOAL = 0.02
MAX_ROUNDS = 40
HEAD = ("noise of a turn", "rounds", "INT8/FP32 holds", "as many fixed", "itself holds", "unsure")
QUIET = Interference(
    waiting=0.0,
    switches=0,
    steal=0.0,
    throttle_events=0,
    quota_periods=0,
    clock_step_s=0.0,
    frequency_mhz=None,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: its rounds, whether they were enough, and whether intervals held."""

    rounds: int
    sure: bool
    ratio_held: bool
    itself_held: bool


def main() -> None:
    """Draw runs at several noises, and print how often the intervals hold the truth."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.stopping")
    parser.add_argument("--runs", type=int, default=400)
    count = parser.parse_args().runs
    print(aligned([HEAD, *(_row(noise, count) for noise in (0.005, 0.01, 0.02, 0.04))]))


def _row(noise: float, count: int) -> tuple[str, ...]:
    endings = [_until_sure(noise, seed) for seed in range(count)]
    fixed = [_fixed(noise, count + seed, ending.rounds) for seed, ending in enumerate(endings)]
    return (
        f"{noise:.1%}",
        f"{mean(ending.rounds for ending in endings):.1f}",
        f"{mean(ending.ratio_held for ending in endings):.1%}",
        f"{mean(fixed):.1%}",
        f"{mean(ending.itself_held for ending in endings):.1%}",
        f"{mean(not ending.sure for ending in endings):.1%}",
    )


def _until_sure(noise: float, seed: int) -> Ending:
    cells: list[list[Run]] = [[], [], []]
    for turns in _rounds(noise, seed):
        for runs, run in zip(cells, turns, strict=True):
            runs.append(run)
        fp32, int8, again = cells
        if len(fp32) < 2:
            continue
        own = dict(zip(TRUE_RATES, (fp32, int8), strict=True))
        known = sureness("offline", own, REPEATED, again, GOAL)
        if known.sure or len(fp32) == MAX_ROUNDS:
            break
    ratio = speedup("offline", int8, fp32)
    held = ratio.low <= TRUE_RATIO <= ratio.high
    return Ending(len(fp32), known.sure, held, known.itself.low <= 1 <= known.itself.high)


def _fixed(noise: float, seed: int, rounds: int) -> bool:
    """Return whether the interval after a fixed number of rounds holds the true ratio."""
    fp32, int8, _ = zip(*islice(_rounds(noise, seed), rounds), strict=True)
    ratio = speedup("offline", int8, fp32)
    return ratio.low <= TRUE_RATIO <= ratio.high


def _rounds(noise: float, seed: int) -> Iterator[list[Run]]:
    """Yield the turns of each round: FP32, INT8, and INT8 again."""
    dice, number = np.random.default_rng(seed), 0
    rates = [*TRUE_RATES.values(), TRUE_RATES[REPEATED]]
    while True:
        number += 1
        shared = dice.normal(0, noise)
        yield [_run(rate * float(np.exp(shared + dice.normal(0, noise))), number) for rate in rates]


def _run(rate: float, number: int) -> Run:
    return Run(
        round=number,
        valid=True,
        reasons=[],
        rate_per_s=rate,
        overlap=1.0,
        interference=QUIET,
        disturbed_by=[],
        counts=True,
        instances=[Batches(log="", seconds=[8 / rate], ended_s=[8 / rate])],
    )


if __name__ == "__main__":
    main()
