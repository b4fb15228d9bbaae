from dataclasses import replace

import pytest

from stages.profile.plan import PlannedCell
from stages.profile.results import build_repeat, measurement, single_stream
from stages.profile.turns import CellSamples
from stages.records.cell import SingleStream
from tests.unit.records import batches, run


def figures_of(queries: int) -> SingleStream:
    """Return the figures of queries that take 1 ms, 2 ms, 3 ms and so on."""
    seconds = [milliseconds / 1000 for milliseconds in range(1, queries + 1)]
    return single_stream([run(1.0, instances=[batches(*seconds)])])


def test_a_percentile_needs_samples_beyond_it() -> None:
    assert figures_of(19).latency_p90_ms is None
    assert figures_of(20).latency_p90_ms == pytest.approx(18)
    assert figures_of(199).latency_p99_ms is None
    assert figures_of(200).latency_p99_ms == pytest.approx(198)


def test_percentiles_are_of_all_queries_and_the_median_of_the_rounds() -> None:
    runs = [run(1.0, instances=[batches(*[seconds] * 10)]) for seconds in (0.010, 0.020, 0.060)]
    figures = single_stream(runs)
    assert figures.queries == 30
    assert figures.latency_p50_ms.estimate == pytest.approx(20)
    assert figures.latency_p90_ms == pytest.approx(60)


def samples(*predictions: int) -> CellSamples:
    return CellSamples(
        name="cell",
        predictions=list(predictions),
        accuracy_made="",
        accuracy_log="log",
        images_per_s=1.0,
        load_seconds=1.0,
        runs={"offline": [run(5.0)], "single_stream": [run(4.0)]},
    )


def of_rounds(*numbers: int) -> CellSamples:
    runs = [run(5.0, number) for number in numbers]
    return replace(samples(1), runs={"offline": runs, "single_stream": runs})


def test_a_run_has_too_few_rounds_if_one_group_of_cells_has() -> None:
    twice, other = (PlannedCell(name, "AVX2", None) for name in ("int8", "fp32"))
    all_rounds = of_rounds(1, 2, 3, 4, 5, 6)
    cells = {twice: all_rounds, other: of_rounds(1, 2, 3)}
    made = build_repeat(twice, cells, all_rounds, 8, [1])
    assert [(it.kind, it.numbers) for it in made.reasons] == [("few_rounds", {"rounds": 3})]
    assert build_repeat(twice, {twice: all_rounds}, all_rounds, 8, [1]).trusted


def test_accuracy_is_by_the_labels_agreement_by_fp32() -> None:
    accuracy = measurement(samples(1, 1), 8, [1, 0], samples(1, 1)).accuracy
    assert (accuracy.top1, accuracy.agreement_fp32) == (0.5, 1.0)
    assert measurement(samples(1, 1), 8, [1, 0], None).accuracy.agreement_fp32 is None
