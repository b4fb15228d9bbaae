"""The knee, the best point and the choice by latency, on made-up figures."""

import pytest

from stages.sweep.results import choose, default_bounds, findings_of, knee_of, point_of
from tests.unit import records
from tests.unit.sweep.points import ONE, TWO, name, point, points


def test_the_knee_is_the_smallest_batch_that_is_as_good_as_the_best() -> None:
    found = findings_of(points(), []).knees
    knees = {(knee.layout, knee.batch_size, knee.best_size) for knee in found}
    # 99 of 100 images/s is within 5%, 80 is not; 110 of 130 is not.
    assert knees == {(ONE, 4, 8), (TWO, 8, 8)}


def test_a_batch_whose_interval_reaches_the_best_is_as_good() -> None:
    best = point([100.0] * 5, 80, name(8))
    unsure = point([80.0, 90.0, 92.0, 97.0, 99.0], 43, name(4))
    assert unsure.throughput_images_per_s.estimate < 95 <= unsure.throughput_images_per_s.high
    assert knee_of([unsure, best]) == 4
    assert knee_of([point([92.0] * 5, 43, name(4)), best]) == 8


def test_larger_batches_that_are_slower_do_not_move_the_knee() -> None:
    own = [point([rate] * 5, 10, name(size)) for size, rate in ((1, 60), (2, 100), (4, 90))]
    assert knee_of(own) == 2


def test_the_best_of_each_precision_is_over_all_layouts() -> None:
    best = findings_of([*points("fp32", slower=2.0), *points("int8")], []).best
    assert best == [name(8, TWO, "fp32"), name(8, TWO, "int8")]


@pytest.mark.parametrize(
    ("bound_ms", "chosen"),
    [
        (19, None),  # the fastest batch takes 20 ms
        (20, name(1)),
        (29, name(2)),  # 25 ms; two processes with batches of 1 take 28.6 ms, and do 70/s
        (40.5, name(4)),
        (45, name(4)),  # two processes with batches of 2 take 44.4 ms, and do 90/s
        (73, name(4, TWO)),
        (1000, name(8, TWO)),
    ],
)
def test_the_choice_within_a_bound_is_the_fastest_point_that_keeps_it(
    bound_ms: float, chosen: object
) -> None:
    assert choose(points(), bound_ms) == chosen


def test_two_slow_batches_in_a_hundred_count_and_one_in_a_thousand_does_not() -> None:
    rare = [0.010] * 999 + [0.500]
    frequent = [0.010] * 980 + [0.500] * 20
    for seconds, within in ((rare, True), (frequent, False)):
        runs = [records.run(100.0, instances=[records.batches(*seconds)])]
        assert bool(choose([point_of(name(1), runs)], 20)) == within


def test_with_few_batches_the_slowest_stands_for_the_p99() -> None:
    few = point([100.0] * 5, 10, name(1), batches=150)
    assert few.latency_p99_ms is None
    assert few.tail_ms == few.latency_max_ms == pytest.approx(10)
    many = point([100.0] * 5, 10, name(1), batches=200)
    assert many.latency_p99_ms == pytest.approx(10)


def test_latencies_are_of_the_time_in_which_all_processes_worked() -> None:
    # The second process is done early; what the first does after that is alone, and faster.
    first = records.batches(0.2, 0.2, 0.1, 0.1)
    second = records.batches(0.2, 0.2)
    made = point_of(name(1, TWO), [records.run(10.0, instances=[first, second])])
    assert made.batches == 4
    assert made.latency_p50_ms == made.latency_max_ms == pytest.approx(200)


def test_processes_that_never_ran_together_make_a_point_invalid() -> None:
    apart = [records.batches(0.1), records.batches(0.1, begin=5.0)]
    made = point_of(name(1, TWO), [records.run(1.0, rate_per_s=0.0, instances=apart, overlap=0.0)])
    assert not made.validity.valid
    assert made.batches == 2


def test_the_usual_bounds_go_from_the_first_that_is_kept_to_the_one_of_the_fastest() -> None:
    # From 20 ms to 123 ms.
    assert default_bounds(points()) == [20, 50, 100, 200]
    fast = point([100.0] * 5, 0.3, name(1))
    assert default_bounds([fast]) == [1]


def test_bounds_that_are_asked_for_are_each_precisions_own() -> None:
    both = [*points("fp32", slower=2.0), *points("int8")]
    within = findings_of(both, [100, 30]).bounds
    assert [(it.bound_ms, it.precision, it.point) for it in within] == [
        (30, "fp32", None),
        (30, "int8", name(2)),
        (100, "fp32", name(4, precision="fp32")),
        (100, "int8", name(4, TWO)),
    ]
