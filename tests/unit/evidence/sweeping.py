"""A sweep of two precisions in two layouts, with its logs."""

from dataclasses import replace

from stages.common.provenance import maker
from stages.common.worker.loadgen import RATES
from stages.records.measure import Run
from stages.records.sweep import Point, PointName, SizeProof, SweepRecord, SweptCell
from stages.settings import Settings
from stages.stage_folders import SweepFolder
from stages.sweep.rederive import rederived
from stages.sweep.results import point_of
from tests.unit import records
from tests.unit.evidence.profiling import WHOLE, loadgen_log
from tests.unit.evidence.samples import LABELS, SECONDS, recording
from tests.unit.sweep import points as made_up
from tests.unit.sweep.points import ONE, TWO

SIZES = (1, 4)


def sweep(folder: SweepFolder) -> SweepRecord:
    """Return a sweep whose samples and logs are in `folder`, and all that follows from them."""
    folder.proof.mkdir(parents=True)
    points = [
        _point(folder, PointName(precision=precision, layout=layout, batch_size=size))
        for precision in ("fp32", "int8")
        for layout in (ONE, TWO)
        for size in SIZES
    ]
    record = replace(
        made_up.record(*points),
        maker=maker(Settings(), "sweep"),
        labels=LABELS,
        cells=[_cell(folder, precision) for precision in ("fp32", "int8")],
    )
    return rederived(record, folder)


def _point(folder: SweepFolder, name: PointName) -> Point:
    return point_of(name, _runs(folder, name))


def _runs(folder: SweepFolder, name: PointName) -> list[Run]:
    """Return a turn for each time that a batch of four takes, and leave its logs."""
    runs = []
    for number, batch_s in enumerate(SECONDS[name.precision], start=1):
        instances = range(1, name.layout.num_instances + 1)
        place = f"{name.precision}-{name.layout.num_instances}-b{name.batch_size}"
        logs = [f"{place}/offline-{number}-of-{index}" for index in instances]
        rate = name.batch_size / batch_s
        for log in logs:
            loadgen_log(folder.loadgen / log, **{RATES["offline"]: rate})
        batches = [records.batches(batch_s, batch_s, begin=100.0, log=log) for log in logs]
        runs.append(records.run(rate * len(logs), number, instances=batches))
    return runs


def _cell(folder: SweepFolder, precision: str) -> SweptCell:
    made = records.measured(precision, "AVX2", 1.0)
    assert made.proof
    log = f"{precision}_AVX2.log"
    (folder.proof / log).write_text(recording(precision))
    proof = replace(made.proof, log=log, traced=WHOLE)
    proofs = [SizeProof(batch_size=size, proof=proof) for size in SIZES]
    return SweptCell(precision=precision, isa="AVX2", proofs=proofs)
