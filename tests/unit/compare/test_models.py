"""One figure for INT8 against FP32: the same in every line, table and file that shows it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from stages.common.summaries import summaries
from stages.compare.cautions import models_caution
from stages.compare.effects import compare
from stages.compare.models import closing_line, latency_ratio, models_of, render_models
from stages.compare.table import render
from stages.profile.plan import PlannedCell
from stages.profile.results import build_cells, build_repeat
from stages.profile.summary import closing_line as profile_line
from stages.profile.turns import CellSamples
from stages.records.base import Interval
from stages.records.measure import Run
from stages.records.profile import ProfileRecord
from tests.unit.compare.profiles import of_few_rounds, of_one_round, profiled
from tests.unit.records import batches, measured, profile, run

ROUNDS = 8


def noisy(dice: np.random.Generator, typical_s: float, size: int) -> list[Run]:
    """Return rounds of unequal batches, whose rate LoadGen gives from its own clock."""
    runs = []
    for number in range(1, ROUNDS + 1):
        seconds = typical_s * dice.uniform(1.0, 1.3, 3)
        rate = size * len(seconds) / (sum(seconds) + dice.uniform(0.0, 0.1))
        runs.append(run(rate, number, instances=[batches(*seconds)]))
    return runs


def measured_profile(seed: int) -> ProfileRecord:
    """Return a profile of FP32 and INT8 as noisy samples give it."""
    dice = np.random.default_rng(seed)
    fp32, int8 = (PlannedCell(name, "AVX2", None) for name in ("fp32", "int8"))
    samples = {
        cell: CellSamples(
            name=cell.name,
            predictions=[0] * 3,
            accuracy_log="log",
            accuracy_made="",
            images_per_s=1.0,
            load_seconds=1.0,
            runs={"offline": noisy(dice, typical, 8), "single_stream": noisy(dice, typical / 8, 1)},
        )
        for cell, typical in ((fp32, 1.4), (int8, 0.36))
    }
    cells = build_cells([fp32, int8], {}, samples, 8, [0] * 3)
    proof = measured("fp32", "AVX2", 1.0).proof
    return replace(
        profile(*(replace(cell, proof=proof) for cell in cells)),
        labels=[0] * 3,
        repeat=build_repeat(int8, samples, samples[int8], 8, [0] * 3),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_ratio_is_shown_everywhere_and_the_rates_divide_to_it(seed: int) -> None:
    (profiled_once,) = profiled(measured_profile(seed))
    record = compare([profiled_once])
    fp32, int8 = profiled_once.summaries
    ratio = int8.throughput_speedup
    assert ratio
    assert record.rows[1].precision_speedup == ratio
    assert ratio.estimate == int8.throughput / fp32.throughput
    shown = f"{ratio.estimate:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})"
    text = render(record, {"itex": profiled_once.summaries})
    assert text.count(shown) == 2  # its row, and the table of models
    line = f"({ratio.estimate:.2f}x, 95% interval {ratio.low:.2f}-{ratio.high:.2f})"
    assert line in profile_line(profiled_once.record)
    assert line in text.splitlines()[-1]


def test_one_round_has_a_ratio_without_an_interval() -> None:
    (once,) = of_one_round()
    (models,) = models_of(compare([once]), {"itex": once.summaries})
    assert "4.00x (one round)" in render_models(models)
    assert not re.search(r"x \(\d|interval \d", render_models(models) + closing_line(models))
    assert "(4.00x), top-1" in closing_line(models)
    assert closing_line(models).endswith("THIS RUN IS NOT TO BE TRUSTED (one round: no interval)")


def test_few_rounds_have_a_ratio_that_is_not_called_an_interval_of_95_percent() -> None:
    (few,) = of_few_rounds(3)
    (models,) = models_of(compare([few]), {"itex": few.summaries})
    said = "(4.00x, 4.00-4.00: 3 rounds are too few for an interval), top-1"
    assert said in closing_line(models)
    assert said in profile_line(few.record)


@pytest.mark.parametrize(
    ("rates", "shown"),
    [((0.0031, 0.0094), ("0.00310", "0.00940")), ((4310.0, 15400.0), ("0.232", "0.0649"))],
)
def test_figures_of_slow_and_of_fast_models_divide_to_their_ratio(
    rates: tuple[float, float], shown: tuple[str, str]
) -> None:
    cells = (measured(name, "AVX2", it) for name, it in zip(("fp32", "int8"), rates, strict=True))
    (one,) = profiled(profile(*cells))
    (models,) = models_of(compare([one]), {"itex": one.summaries})
    table = render_models(models)
    assert all(f" {figure} ({figure}-{figure})" in table for figure in shown)


def test_without_both_precisions_there_is_no_headline() -> None:
    record = profile(measured("fp32", "AVX2", 5.0))
    assert models_of(compare(profiled(record)), {"itex": summaries(record)}) == []


GUESSED = (
    "AT CHANCE: FP32 gets 51 of 100 right, the largest class alone gives 50 (p = 0.46): no "
    "accuracy can be compared"
)


def test_at_chance_every_place_that_shows_accuracies_says_so() -> None:
    fp32, int8 = measured("fp32", "AVX2", 5.0, top1=0.51), measured("int8", "AVX2", 9.0, top1=0.9)
    (guessing,) = profiled(profile(fp32, int8))
    text = render(compare([guessing]), {"itex": guessing.summaries})
    assert f"\n{GUESSED.replace(': ', '               ', 1)}" in re.sub(" {5,}", " " * 15, text)
    assert f"\n{GUESSED}: see above\n" in text
    assert text.rstrip().endswith(f"; {GUESSED}")
    assert profile_line(guessing.record).endswith(f"; {GUESSED}")
    assert models_caution(guessing.summaries) == f"{GUESSED}: see compare.log"


def test_a_runtime_at_chance_is_named_if_there_are_two() -> None:
    records = [
        profile(measured("fp32", "AVX2", 5.0, top1=top1), runtime=name)
        for name, top1 in (("itex", 0.9), ("stock", 0.5))
    ]
    text = render(compare(profiled(*records)), {})
    assert "AT CHANCE stock" in text
    assert "AT CHANCE itex" not in text


def test_chance_is_that_of_fp32_at_its_highest_cap() -> None:
    cells = [measured("fp32", isa, 5.0, top1=top1) for isa, top1 in (("AVX512_CORE", 0.9),)]
    record = profile(measured("fp32", "AVX2", 5.0, top1=0.5), *cells)
    assert compare(profiled(record)).chance["itex"].right == 90
    assert compare(profiled(profile(measured("int8", "AVX2", 5.0)))).chance == {}


def test_a_latency_that_grew_is_said_to_be_longer() -> None:
    cells = measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 2.0)
    (one,) = profiled(profile(*cells))
    (slower,) = models_of(compare([one]), {"itex": one.summaries})
    grown = Interval(estimate=0.2, low=0.1, high=0.25)
    assert latency_ratio(grown, slower) == "5.00x (4.00-10.00) longer"
    assert latency_ratio(Interval(estimate=2.0, low=0.5, high=4.0), slower).endswith(" shorter")
