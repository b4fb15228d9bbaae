"""The cells of the record, from their proofs and samples."""

import math
from collections.abc import Iterable, Mapping, Sequence

from stages.common.stats import accuracy_top1, agreement, interval, round_figures, speedup
from stages.isa import rank
from stages.precisions import FP32
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun
from stages.profile.roofline import roofline
from stages.profile.turns import SCENARIOS, CellSamples
from stages.profile.validity import judge_repeat, judge_runs
from stages.records.cell import Accuracy, Cell, Measurement, Offline, SingleStream
from stages.records.measure import Run, counting
from stages.records.profile import Repeat
from stages.records.proof import Roofline

# A percentile is given only if at least this many samples lie beyond it.
SAMPLES_BEYOND = 2


def build_cells(
    planned: Sequence[PlannedCell],
    proofs: Mapping[PlannedCell, ProofRun],
    samples: Mapping[PlannedCell, CellSamples],
    batch_size: int,
    labels: Sequence[int],
) -> list[Cell]:
    """Return the record of every planned cell: measured, the same as another, or impossible.

    `labels` are the test split's.
    """
    fp32 = _highest_fp32(samples)
    figures = {
        cell: measurement(cell_samples, batch_size, labels, fp32)
        for cell, cell_samples in samples.items()
    }
    return [_cell(cell, proofs.get(cell), figures.get(cell)) for cell in planned]


def build_repeat(
    cell: PlannedCell,
    samples: Mapping[PlannedCell, CellSamples],
    second: CellSamples,
    batch_size: int,
    labels: Sequence[int],
) -> Repeat:
    """Return the figures of a cell's second time, and their ratios to those of the first.

    `samples` are those of all cells: what had the fewest rounds decides whether they are enough.
    """
    first = samples[cell]
    offline, stream = (
        speedup(scenario, second.runs[scenario], first.runs[scenario]) for scenario in SCENARIOS
    )
    same = second.predictions == first.predictions
    reasons = judge_repeat(offline, stream, _fewest_rounds(samples.values()), same_classes=same)
    return Repeat(
        precision=cell.precision,
        isa=cell.isa,
        offline_ratio=offline,
        single_stream_ratio=stream,
        trusted=not reasons,
        reasons=reasons,
        measurement=measurement(second, batch_size, labels, first),
    )


def _fewest_rounds(samples: Iterable[CellSamples]) -> int:
    """Return the rounds of the cell with the fewest; the one measured twice is in every group."""
    return min(len(counting(it.runs[scenario])) for it in samples for scenario in SCENARIOS)


def measurement(
    samples: CellSamples, batch_size: int, labels: Sequence[int], fp32: CellSamples | None
) -> Measurement:
    """Return the figures of a cell on images with these `labels`, and its agreement with `fp32`."""
    offline, stream = samples.runs["offline"], samples.runs["single_stream"]
    predictions = samples.predictions
    return Measurement(
        offline=Offline(
            batch_size=batch_size,
            throughput_images_per_s=interval(round_figures("offline", offline)),
            runs=offline,
        ),
        single_stream=single_stream(stream),
        accuracy=Accuracy(
            top1=accuracy_top1(predictions, labels),
            predictions=predictions,
            agreement_fp32=agreement(predictions, fp32.predictions) if fp32 else None,
            log=samples.accuracy_log,
            made=samples.accuracy_made,
        ),
        validity=judge_runs(counting(offline), counting(stream)),
        load_seconds=samples.load_seconds,
        server=samples.server,
    )


def single_stream(runs: list[Run]) -> SingleStream:
    """Return the latencies of all queries of all turns that count."""
    counted = counting(runs)
    seconds = [query_s for run in counted for query_s in run.seconds]
    return SingleStream(
        queries=len(seconds),
        latency_p50_ms=interval(round_figures("single_stream", runs)),
        latency_p90_ms=percentile_ms(seconds, 0.90),
        latency_p99_ms=percentile_ms(seconds, 0.99),
        runs=runs,
    )


def _cell(cell: PlannedCell, proof: ProofRun | None, figures: Measurement | None) -> Cell:
    return Cell(
        precision=cell.precision,
        requested_isa=cell.isa,
        impossible=cell.impossible,
        same_as=proof.same_as if proof and not figures else None,
        measurement=figures,
        proof=proof.proof if proof else None,
        roofline=_roofline(figures, proof) if proof and figures else None,
    )


def percentile_ms(seconds: Sequence[float], quantile: float) -> float | None:
    """Return the latency that this fraction of the queries stays within; None with too few."""
    beyond = math.floor(round(len(seconds) * (1 - quantile), 9))
    if beyond < SAMPLES_BEYOND:
        return None
    return 1000 * sorted(seconds)[-beyond - 1]


def _highest_fp32(samples: Mapping[PlannedCell, CellSamples]) -> CellSamples | None:
    fp32_cells = [cell for cell in samples if cell.precision == FP32]
    if not fp32_cells:
        return None
    return samples[max(fp32_cells, key=lambda cell: rank(cell.isa))]


def _roofline(figures: Measurement, proof: ProofRun) -> Roofline:
    offline, inference = figures.offline, proof.inference
    throughput = offline.throughput_images_per_s.estimate
    primitives = list(inference.primitives)
    return roofline(primitives, inference.milliseconds, offline.batch_size, throughput)
