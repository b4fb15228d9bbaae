import numpy as np
import pytest

from stages.common.stats import _percentiles, interval, speedup, spread
from stages.records.base import Interval
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


def test_a_speedup_is_paired_by_round() -> None:
    # The machine's speed halves in the second round, for both.
    changed = [run(1.0, instances=[batches(seconds)]) for seconds in (0.1, 0.2, 0.1)]
    reference = [run(1.0, instances=[batches(seconds)]) for seconds in (0.2, 0.4, 0.2)]
    assert speedup(changed, reference) == Interval(estimate=2.0, low=2.0, high=2.0)
    with pytest.raises(ValueError, match="zip"):
        speedup(changed[:1], reference)


def test_a_burst_within_a_turn_moves_no_speedup() -> None:
    disturbed = run(1.0, instances=[batches(0.1, 5.0, 0.1)])
    assert speedup([disturbed], [run(1.0, instances=[batches(0.2)])]).estimate == 2.0


def test_the_fewer_the_rounds_the_further_out_the_percentiles() -> None:
    # Student's 2.571 of 5 degrees of freedom, times the root of 6/5, is 2.816 of a normal deviate.
    assert _percentiles(6)[0] == pytest.approx(0.243, abs=0.01)
    assert _percentiles(1000)[0] == pytest.approx(2.5, abs=0.02)
    assert sum(_percentiles(8)) == pytest.approx(100)
