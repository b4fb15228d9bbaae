"""Points of a sweep with made-up figures."""

from collections.abc import Mapping, Sequence

from stages.records.profile import Layout
from stages.records.sweep import Point, PointName, SizeProof, SweepRecord, SweptCell
from stages.sweep.results import findings_of, point_of
from tests.unit import records

ONE, TWO = (
    Layout(num_instances=1, cores_per_instance=2),
    Layout(num_instances=2, cores_per_instance=1),
)


def name(batch_size: int, layout: Layout = ONE, precision: str = "int8") -> PointName:
    return PointName(precision=precision, layout=layout, batch_size=batch_size)


def point(
    rates: Sequence[float], milliseconds: float, which: PointName, batches: int = 250
) -> Point:
    """Return a point with a rate in each round, whose batches all take as long."""
    seconds = [milliseconds / 1000] * -(-batches // len(rates))
    instances = [records.batches(*seconds)] * which.layout.num_instances
    runs = [
        records.run(rate, number, instances=instances) for number, rate in enumerate(rates, start=1)
    ]
    return point_of(which, runs)


# Images per second by batch size in two layouts of two cores; a batch takes as long as that needs.
RATES: Mapping[Layout, Mapping[int, float]] = {
    ONE: {1: 50.0, 2: 80.0, 4: 99.0, 8: 100.0},
    TWO: {1: 70.0, 2: 90.0, 4: 110.0, 8: 130.0},
}


def points(precision: str = "int8", slower: float = 1.0) -> list[Point]:
    """Return all points of RATES, known exactly, each rate by so much slower."""
    return [
        point(
            [rate / slower] * 5,
            1000 * size * layout.num_instances * slower / rate,
            name(size, layout, precision),
        )
        for layout, rates in RATES.items()
        for size, rate in rates.items()
    ]


def record(*own: Point, bounds: Sequence[int] = ()) -> SweepRecord:
    """Return the record of some points, or of all that there are of FP32 and INT8."""
    swept = [*own] or [*points("fp32", slower=2.0), *points("int8")]
    findings = findings_of(swept, bounds)
    precisions = dict.fromkeys(it.name.precision for it in swept)
    proof = records.measured("int8", "AVX2", 1.0).proof
    assert proof
    sizes = {
        precision: {it.name.batch_size for it in swept if it.name.precision == precision}
        for precision in precisions
    }
    cells = [
        SweptCell(
            precision=precision,
            isa="AVX2",
            proofs=[SizeProof(batch_size=size, proof=proof) for size in sorted(own)],
        )
        for precision, own in sizes.items()
    ]
    return SweepRecord(
        maker=records.MAKER,
        runtime="itex",
        train_sha256=records.SHA256,
        quantize_sha256=records.SHA256,
        data=records.SOURCE,
        backbone=records.SOURCE,
        host=records.HOST,
        labels=records.LABELS,
        cells=cells,
        left_out=["batch sizes 64: there are 40 test images"],
        groups=1,
        reference=swept[-1].name,
        points=swept,
        knees=findings.knees,
        best=findings.best,
        bounds=findings.bounds,
        seconds=1.0,
    )
