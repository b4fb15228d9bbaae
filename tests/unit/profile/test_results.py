import pytest

from stages.profile.results import agreement, measurement, single_stream
from stages.profile.rounds import CellSamples
from stages.records.cell import SingleStream
from tests.unit.records import batches, run


def of(count: int) -> SingleStream:
    """Return the figures of so many queries, the first of 1 ms, each a millisecond longer."""
    return single_stream([run(1.0, instances=[batches(*((at + 1) / 1000 for at in range(count)))])])


def test_a_percentile_needs_samples_beyond_it() -> None:
    assert of(19).latency_p90_ms is None
    assert of(20).latency_p90_ms == pytest.approx(18)
    assert of(199).latency_p99_ms is None
    assert of(200).latency_p99_ms == pytest.approx(198)


def test_percentiles_are_of_all_queries_and_the_median_of_the_rounds() -> None:
    runs = [run(1.0, instances=[batches(*[each] * 10)]) for each in (0.010, 0.020, 0.060)]
    found = single_stream(runs)
    assert found.queries == 30
    assert found.latency_p50_ms.estimate == pytest.approx(20)
    assert found.latency_p90_ms == pytest.approx(60)


def test_agreement_is_the_share_of_equal_answers() -> None:
    assert agreement([0, 1, 2, 1], [0, 1, 1, 1]) == 0.75


def taken(*predictions: int) -> CellSamples:
    return CellSamples(
        name="cell",
        predictions=list(predictions),
        accuracy_log="log",
        images_per_s=1.0,
        load_seconds=1.0,
        runs={"offline": [run(5.0)], "single_stream": [run(4.0)]},
    )


def test_accuracy_is_by_the_labels_agreement_by_fp32() -> None:
    found = measurement(taken(1, 1), 8, [1, 0], taken(1, 1))
    assert (found.accuracy.top1, found.accuracy.agreement_fp32) == (0.5, 1.0)
    assert measurement(taken(1, 1), 8, [1, 0], None).accuracy.agreement_fp32 is None
