"""What ending at the first look that is close enough does to the 95% intervals.

`python -m tests.benchmarks.stopping [--runs N] [--most ROUNDS] [--differs BY]`: no machine is
measured. Rates are drawn whose true ratios are known, for the cells of a machine with VNNI and
BF16, with a part that all cells of a round share and a part of each turn; profile's own rule ends
the rounds. The table says how often the last interval holds the true ratio: INT8's to FP32, and all
that the table shows; and the same after as many rounds fixed beforehand; and how many runs were not
sure at last. More rounds at most are what `--more` adds. BY is the fraction by which the cell that
is measured twice is faster the second time.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import mean

import numpy as np

from stages.common.pairs import CellName, Pair, pairs_of
from stages.common.stats import speedup
from stages.common.text import aligned
from stages.profile.sureness import sureness
from stages.records.measure import Batches, Interference, Run

TRUE_RATES = {
    ("fp32", "AVX2"): 4.0,
    ("int8", "AVX2"): 10.0,
    ("fp32", "AVX512_CORE"): 5.0,
    ("int8", "AVX512_CORE"): 10.0,
    ("int8", "AVX512_CORE_VNNI"): 20.0,
    ("bf16", "AVX512_CORE_BF16"): 10.0,
}
FP32, REPEATED = ("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI")
# At each cap above, FP32 and INT8 run the kernels that they have there.
SHOWN = {
    **{cell: cell for cell in TRUE_RATES},
    ("fp32", "AVX512_CORE_VNNI"): FP32,
    ("fp32", "AVX512_CORE_BF16"): FP32,
    ("int8", "AVX512_CORE_BF16"): REPEATED,
}
PAIRS = pairs_of(SHOWN)
GOAL = 0.02
HEAD = (
    "noise of a turn",
    "rounds",
    "INT8/FP32 holds",
    "all ratios hold",
    "as many fixed",
    "all, as many fixed",
    "unsure",
)
Cells = dict[CellName, list[Run]]
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
    """How a run ended: its rounds, whether they were enough, which intervals held the truth."""

    rounds: int
    sure: bool
    held: dict[Pair, bool]

    @property
    def headline(self) -> bool:
        """Whether the interval of INT8 against FP32 holds the true ratio."""
        return self.held[REPEATED, FP32]

    @property
    def fraction(self) -> float:
        """The fraction of the ratios whose interval holds the true one."""
        return mean(self.held.values())


def main() -> None:
    """Draw runs at several noises, and print how often the intervals hold the truth."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.stopping")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--differs", type=float, default=0.0)
    asked = parser.parse_args()
    noises = (0.005, 0.01, 0.02, 0.04)
    rows = (_row(noise, asked.runs, asked.most, asked.differs) for noise in noises)
    print(aligned([HEAD, *rows]))


def _row(noise: float, count: int, most: int, differs: float) -> tuple[str, ...]:
    endings = [_until_sure(noise, seed, most, differs) for seed in range(count)]
    fixed = [_fixed(noise, count + seed, ending.rounds) for seed, ending in enumerate(endings)]
    return (
        f"{noise:.1%}",
        f"{mean(ending.rounds for ending in endings):.1f}",
        *(
            f"{mean(figures):.1%}"
            for runs in (endings, fixed)
            for figures in ([run.headline for run in runs], [run.fraction for run in runs])
        ),
        f"{mean(not ending.sure for ending in endings):.1%}",
    )


def _until_sure(noise: float, seed: int, most: int, differs: float) -> Ending:
    cells: Cells = {name: [] for name in TRUE_RATES}
    again: list[Run] = []
    for turns in _rounds(noise, seed, differs):
        for runs, run in zip([*cells.values(), again], turns, strict=True):
            runs.append(run)
        if len(again) < 2:
            continue
        sure = sureness("offline", cells, REPEATED, again, PAIRS, GOAL).sure
        if sure or len(again) == most:
            break
    return Ending(len(again), sure, _held(cells))


def _fixed(noise: float, seed: int, rounds: int) -> Ending:
    """Return how it ends after a fixed number of rounds."""
    *runs, _ = zip(*islice(_rounds(noise, seed), rounds), strict=True)
    cells = dict(zip(TRUE_RATES, map(list, runs), strict=True))
    return Ending(rounds, True, _held(cells))


def _held(cells: Cells) -> dict[Pair, bool]:
    """Return whether each ratio's interval holds the true one."""
    held = {}
    for one, other in PAIRS:
        ratio = speedup("offline", cells[one], cells[other])
        held[one, other] = ratio.low <= TRUE_RATES[one] / TRUE_RATES[other] <= ratio.high
    return held


def _rounds(noise: float, seed: int, differs: float = 0.0) -> Iterator[list[Run]]:
    """Yield the turns of each round: those of all cells, and of the repeated one's second time."""
    dice, number = np.random.default_rng(seed), 0
    rates = [*TRUE_RATES.values(), TRUE_RATES[REPEATED] * (1 + differs)]
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
