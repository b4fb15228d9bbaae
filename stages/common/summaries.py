"""The headline of a profile, which 32.json and 8.json have, worked out of its measurements.

Whoever shows it takes it from here: those files are for people and other programs, and nothing but
the check of a bundle holds them against the measurements.
"""

from dataclasses import replace

from stages.common.chance import chance_of
from stages.common.stats import speedup
from stages.isa import ISA_NAMES
from stages.precisions import FP32, INT8
from stages.records.cell import Measurement
from stages.records.measure import counting
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.rounds import SCENARIOS


def measurements(record: ProfileRecord) -> dict[tuple[str, str], Measurement]:
    """Return each cell's measurement, by (precision, isa).

    A cell that is the same as another has that one's.
    """
    by_cell = {
        (cell.precision, cell.requested_isa): record.measured_cell(cell).measurement
        for cell in record.cells
    }
    return {key: measurement for key, measurement in by_cell.items() if measurement}


def top_isa(record: ProfileRecord) -> str | None:
    """Return the highest isa at which both FP32 and INT8 were measured."""
    cells = measurements(record)
    both = [isa for isa in ISA_NAMES if (FP32, isa) in cells and (INT8, isa) in cells]
    return both[-1] if both else None


def summaries(record: ProfileRecord) -> list[ModelSummary]:
    """Return FP32's and INT8's summary at the top isa; none unless both were measured at one.

    They are the headline of a profile. Raises ValueError if nothing links the two.
    """
    isa = top_isa(record)
    if isa is None:
        return []
    cells = measurements(record)
    fp32, int8 = (cells[precision, isa] for precision in (FP32, INT8))
    return [
        _summary(record, FP32, isa, fp32),
        _against(record, int8, fp32, _summary(record, INT8, isa, int8)),
    ]


def _summary(
    record: ProfileRecord, precision: str, isa: str, measurement: Measurement
) -> ModelSummary:
    rate = measurement.offline.throughput_images_per_s
    latency = measurement.single_stream.latency_p50_ms
    return ModelSummary(
        maker=record.maker,
        precision=precision,
        isa=isa,
        kernels_isa=_kernels_isa(record, precision, isa),
        accuracy=measurement.accuracy.top1,
        throughput=rate.estimate,
        latency=latency.estimate,
        throughput_interval=rate,
        latency_interval=latency,
        rounds={name: len(counting(measurement.runs(name))) for name in SCENARIOS},
        valid=measurement.validity.valid,
        reasons=measurement.validity.reasons,
        trusted=record.repeat.trusted,
        run_reasons=record.repeat.reasons,
        chance=chance_of(measurement.accuracy.predictions, record.labels),
    )


def _kernels_isa(record: ProfileRecord, precision: str, isa: str) -> str:
    """Return the lowest isa at which a cell's very kernels ran."""
    same = {(cell.precision, cell.requested_isa): cell.same_as for cell in record.cells}
    return same[precision, isa] or isa


def _against(
    record: ProfileRecord, changed: Measurement, fp32: Measurement, summary: ModelSummary
) -> ModelSummary:
    """Return a summary with how many times as fast as FP32 it is."""
    offline, stream = (
        speedup(scenario, changed.runs(scenario), fp32.runs(scenario), record.anchors(scenario))
        for scenario in ("offline", "single_stream")
    )
    return replace(summary, throughput_speedup=offline, latency_speedup=stream)
