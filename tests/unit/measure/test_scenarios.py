from typing import Any

import numpy as np
import pytest

from stages.measure.scenarios import offline, single_stream, turn


class Machine:
    """A model that takes a set time for each image, with a clock that shows it."""

    def __init__(self, seconds_per_image: float) -> None:
        self.now, self.calls = 0.0, 0
        self._cost = seconds_per_image

    def infer(self, batch: Any) -> Any:
        self.now += self._cost * len(batch)
        self.calls += 1
        return np.eye(3)[[value % 3 for value in batch]]

    def clock(self) -> float:
        return self.now


def test_offline_counts_images_per_second_over_whole_passes() -> None:
    machine = Machine(0.5)
    result, predictions = offline(machine.infer, [[0, 1], [2, 3]], 3.0, machine.clock)
    assert result.throughput_images_per_s == pytest.approx(2.0)
    assert (result.images, result.batch_size, machine.calls) == (8, 2, 4)
    assert predictions == [0, 1, 2, 0]


def test_offline_runs_one_pass_at_least() -> None:
    machine = Machine(10)
    result, predictions = offline(machine.infer, [[0], [1]], 0.1, machine.clock)
    assert (result.images, predictions) == (2, [0, 1])


def test_single_stream_needs_both_duration_and_queries() -> None:
    machine = Machine(0.1)
    by_duration = single_stream(machine.infer, [[0]], 2.05, 3, machine.clock)
    by_queries = single_stream(machine.infer, [[0]], 0.1, 30, machine.clock)
    assert (by_duration.queries, by_queries.queries) == (21, 30)
    assert by_queries.latency_p50_ms == pytest.approx(100)


def test_a_turn_lasts_as_long_as_asked_and_runs_the_batches_in_turn() -> None:
    machine = Machine(0.1)
    seconds = turn(machine.infer, [[0], [0, 1], [0, 1, 2]], 0.65, machine.clock)
    assert seconds == pytest.approx([0.1, 0.2, 0.3, 0.1])


def test_a_turn_is_one_batch_at_least() -> None:
    machine = Machine(0.1)
    assert len(turn(machine.infer, [[0], [1]], 0.0, machine.clock)) == 1


def test_a_percentile_needs_samples_beyond_it() -> None:
    machine = Machine(0.1)
    few = single_stream(machine.infer, [[0]], 0.1, 19, machine.clock)
    some = single_stream(machine.infer, [[0]], 0.1, 20, machine.clock)
    many = single_stream(machine.infer, [[0]], 0.1, 200, machine.clock)
    assert (few.latency_p90_ms, some.latency_p99_ms) == (None, None)
    assert some.latency_p90_ms == pytest.approx(100)
    assert many.latency_p99_ms == pytest.approx(100)


def test_percentiles_are_those_of_the_samples() -> None:
    machine = Machine(0.001)
    queries = [[0] * (size + 1) for size in range(100)]
    result = single_stream(machine.infer, queries, 0.001, 100, machine.clock)
    assert result.latency_p50_ms == pytest.approx(50.5)
    assert result.latency_p90_ms == pytest.approx(90)
