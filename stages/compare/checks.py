"""What tells whether the figures can be relied on: a cell beside itself, INT8 that saturates."""

from stages.isa import rank
from stages.precisions import INT8, get_precision
from stages.records.compare import Repeated, Saturation
from stages.records.profile import ProfileRecord


def repeated(record: ProfileRecord) -> Repeated:
    """Return what came of the cell that a profile measured twice."""
    repeat = record.repeat
    return Repeated(
        runtime=record.runtime,
        precision=repeat.precision,
        isa=repeat.isa,
        offline_ratio=repeat.offline_ratio,
        single_stream_ratio=repeat.single_stream_ratio,
        trusted=repeat.trusted,
        reasons=repeat.reasons,
    )


def saturations(record: ProfileRecord) -> list[Saturation]:
    """Return how INT8 answers below VNNI, where its products saturate, beside where it has VNNI."""
    int8 = {
        cell.requested_isa: cell.measurement.accuracy.predictions
        for cell in record.cells
        if cell.precision == INT8 and cell.measurement  # not one that is the same as another
    }
    exact = [isa for isa in int8 if rank(isa) >= rank(get_precision(INT8).lowest_exact_isa)]
    return [
        Saturation(
            runtime=record.runtime,
            isa=isa,
            reference_isa=exact[0],
            differing=sum(a != b for a, b in zip(given, int8[exact[0]], strict=True)),
            images=len(given),
        )
        for isa, given in int8.items()
        if exact and isa not in exact
    ]
