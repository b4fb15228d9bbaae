from dataclasses import replace

import numpy as np
import pytest

from stages.common.stats import (
    _percentiles,
    agreement,
    independent_speedup,
    interval,
    round_figures,
    speedup,
    spread,
)
from stages.records.base import Interval
from stages.records.measure import Run
from tests.unit.records import batches, run


def test_it_is_the_median_with_a_range_around_it() -> None:
    figure = interval([1.0, 2.0, 3.0, 4.0, 50.0])
    assert figure.estimate == 3.0
    assert 1.0 <= figure.low < 3.0 < figure.high <= 50.0
    assert figure == interval([1.0, 2.0, 3.0, 4.0, 50.0])


def test_equal_values_leave_nothing_open() -> None:
    assert interval([2.0, 2.0, 2.0]) == Interval(estimate=2.0, low=2.0, high=2.0)


def test_more_rounds_make_it_narrower() -> None:
    values = np.random.default_rng(0).normal(10, 1, 100).tolist()
    assert spread(interval(values)) < spread(interval(values[:10])) / 2


def test_nineteen_of_twenty_intervals_contain_what_they_estimate() -> None:
    rng = np.random.default_rng(0)
    for rounds in (6, 12):
        figures = [interval(rng.normal(10, 1, rounds).tolist()) for _ in range(200)]
        assert np.mean([figure.low <= 10 <= figure.high for figure in figures]) > 0.93


def of(*rates: float) -> list[Run]:
    """Return a run for each rate, whose queries take as long as that says."""
    return [run(rate, number) for number, rate in enumerate(rates, start=1)]


def test_a_speedup_is_paired_by_round() -> None:
    # The machine's speed halves in the second round, for both.
    changed, reference = of(8.0, 4.0, 8.0), of(4.0, 2.0, 4.0)
    for scenario in ("offline", "single_stream"):
        assert speedup(scenario, changed, reference) == Interval(estimate=2.0, low=2.0, high=2.0)
        assert speedup(scenario, changed[:1], reference).estimate == 2.0


def test_turns_that_do_not_count_have_no_part_in_it() -> None:
    changed = [*of(8.0, 8.0), run(1.0, 3, counts=False)]
    assert speedup("offline", changed, of(4.0, 4.0, 4.0)).estimate == 2.0
    assert round_figures("offline", changed) == [8.0, 8.0]


def test_cells_that_shared_no_round_are_held_against_one_that_shared_those_of_both() -> None:
    early, late = [run(8.0, 1), run(8.0, 2)], [run(1.0, 3), run(1.0, 4)]
    # In the later rounds the machine was half as fast.
    anchor = [run(rate, number) for number, rate in enumerate((16.0, 16.0, 8.0, 8.0), start=1)]
    assert speedup("offline", early, late, [anchor, anchor]).estimate == (8 / 16) * (8 / 1)
    with pytest.raises(ValueError, match="shared no round"):
        speedup("offline", early, late)


def test_a_ratio_across_groups_goes_through_both_times_of_the_cell_measured_twice() -> None:
    early, late = [run(8.0, 1), run(8.0, 2)], [run(1.0, 3), run(1.0, 4)]
    first = [run(rate, number) for number, rate in enumerate((15.0, 15.0, 8.0, 8.0), start=1)]
    second = [run(rate, number) for number, rate in enumerate((17.0, 17.0, 8.0, 8.0), start=1)]
    for twice in ([first, second], [second, first]):
        assert speedup("offline", early, late, twice).estimate == (8 / 16) * (8 / 1)
        # Its own ratio to a cell of one group is of both times, too.
        assert speedup("offline", twice[0], early, twice).estimate == 16 / 8


def test_where_all_rounds_are_shared_a_ratio_is_of_the_figures_shown() -> None:
    changed, reference, second = of(8.0, 8.0), of(4.0, 4.0), of(9.0, 9.0)
    assert speedup("offline", changed, reference, [changed, second]).estimate == 2.0


def test_noise_in_both_links_widens_the_interval() -> None:
    dice = np.random.default_rng(0)
    noisy = [run(rate, number) for number, rate in enumerate(dice.uniform(7, 9, 16), start=1)]
    direct = speedup("offline", of(*[4.0] * 8), noisy[:8])
    later = [run(4.0, number) for number in range(9, 17)]
    linked = speedup("offline", of(*[4.0] * 8), later, [noisy])
    assert spread(linked) > spread(direct)


@pytest.mark.parametrize("rounds", [1, 5, 8])
def test_the_figures_that_are_shown_divide_to_the_speedup(rounds: int) -> None:
    dice = np.random.default_rng(rounds)
    changed, reference = (of(*dice.uniform(low, 2 * low, rounds)) for low in (20.0, 5.0))
    shown = [
        [interval(round_figures(scenario, runs)).estimate for runs in (changed, reference)]
        for scenario in ("offline", "single_stream")
    ]
    (rate, base_rate), (latency, base_latency) = shown
    assert speedup("offline", changed, reference).estimate == rate / base_rate
    assert speedup("single_stream", changed, reference).estimate == base_latency / latency


def test_nineteen_of_twenty_speedups_of_a_cell_over_itself_contain_one() -> None:
    dice = np.random.default_rng(0)
    for rounds in (5, 8):
        ratios = []
        for _ in range(200):
            machine = dice.normal(10, 0.5, rounds)  # what slows a round down slows both
            first, second = (of(*machine * (1 - dice.exponential(0.02, rounds))) for _ in range(2))
            ratios.append(speedup("offline", second, first))
        assert np.mean([ratio.low <= 1 <= ratio.high for ratio in ratios]) > 0.93


def test_nineteen_of_twenty_speedups_of_separate_runs_contain_theirs() -> None:
    dice = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        new = [run(rate, number) for number, rate in enumerate(dice.normal(20.0, 0.4, 8), 1)]
        old = [run(rate, number) for number, rate in enumerate(dice.normal(10.0, 0.2, 12), 1)]
        ratio = independent_speedup("offline", new, old)
        hits += ratio.low <= 2.0 <= ratio.high
    assert 0.92 <= hits / 200 <= 1.0


def test_equal_rounds_of_separate_runs_are_not_paired() -> None:
    rates = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0]
    runs = [run(rate, number) for number, rate in enumerate(rates, 1)]
    ratio = independent_speedup("offline", runs, runs)
    assert ratio.low < 0.9 < ratio.estimate == 1.0 < 1.1 < ratio.high
    faster = independent_speedup("single_stream", [run(20.0)], [run(10.0)])
    assert faster == Interval(estimate=2.0, low=2.0, high=2.0)


def test_a_burst_within_a_turn_moves_no_speedup_of_single_queries() -> None:
    disturbed = run(1.0, instances=[batches(0.1, 5.0, 0.1)])
    reference = run(1.0, instances=[batches(0.2)])
    assert speedup("single_stream", [disturbed], [reference]).estimate == 2.0


def test_what_never_ran_together_is_no_reference() -> None:
    idle = [replace(one, rate_per_s=0.0) for one in of(1.0, 1.0)]
    nothing = Interval(estimate=0.0, low=0.0, high=0.0)
    assert speedup("offline", of(1.0, 1.0), idle) == nothing


def test_the_fewer_the_rounds_the_further_out_the_percentiles() -> None:
    # Student's 2.571 of 5 degrees of freedom, times the root of 6/5, is 2.816 of a normal deviate.
    assert _percentiles(6)[0] == pytest.approx(0.243, abs=0.01)
    assert _percentiles(1000)[0] == pytest.approx(2.5, abs=0.02)
    assert sum(_percentiles(8)) == pytest.approx(100)


def test_agreement_is_the_fraction_of_equal_answers() -> None:
    assert agreement([0, 1, 2, 1], [0, 1, 1, 1]) == 0.75


def test_answers_of_unlike_numbers_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        agreement([0, 1], [0])
