"""32.json and 8.json, and the line that closes the stage."""

from collections.abc import Iterator, Sequence

from stages.common.text import NO_INTERVAL, is_of_one_round, when
from stages.isa import ISA_NAMES
from stages.precisions import get_precision
from stages.records.base import Provenance
from stages.records.cell import Measurement
from stages.records.profile import ModelSummary, ProfileRecord


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
    both = [isa for isa in ISA_NAMES if ("fp32", isa) in cells and ("int8", isa) in cells]
    return both[-1] if both else None


def summaries(record: ProfileRecord) -> list[ModelSummary]:
    """Return FP32's and INT8's summary at the top isa; none unless both were measured at one."""
    isa = top_isa(record)
    if isa is None:
        return []
    cells = measurements(record)
    return [
        _summary(record.maker, precision, isa, cells[precision, isa])
        for precision in ("fp32", "int8")
    ]


def _summary(maker: Provenance, precision: str, isa: str, measurement: Measurement) -> ModelSummary:
    return ModelSummary(
        maker=maker,
        precision=precision,
        isa=isa,
        accuracy=measurement.accuracy.top1,
        throughput=measurement.offline.throughput_images_per_s.estimate,
        latency=measurement.single_stream.latency_p50_ms.estimate,
    )


def closing_line(record: ProfileRecord) -> str:
    """Return the line that sums up the stage for a person."""
    both = summaries(record)
    text = _effect(*both) if both else f"{len(measurements(record))} cells"
    measured = f"measured {when(record.maker.made)}"
    return "; ".join([f"profile: {text}", measured, *_doubts(record, both)])


def _effect(fp32: ModelSummary, int8: ModelSummary) -> str:
    return (
        f"INT8 {int8.throughput:.2f} images/s against FP32 {fp32.throughput:.2f} "
        f"({int8.throughput / fp32.throughput:.2f}x), top-1 {int8.accuracy:.1%} against "
        f"{fp32.accuracy:.1%}, capped at {int8.isa}"
    )


def _doubts(record: ProfileRecord, shown: Sequence[ModelSummary]) -> Iterator[str]:
    """Yield why what the line shows can't be relied on."""
    cells = measurements(record)
    invalid = [
        get_precision(summary.precision).label
        for summary in shown
        if any(
            reason.scenario == "offline"
            for reason in cells[summary.precision, summary.isa].validity.reasons
        )
    ]
    if invalid:
        yield f"INVALID: throughput of {' and '.join(invalid)}"
    if not record.repeat.trusted:
        once = is_of_one_round(record.repeat.reasons)
        yield f"THIS RUN IS NOT TO BE TRUSTED{f' ({NO_INTERVAL})' if once else ''}"
