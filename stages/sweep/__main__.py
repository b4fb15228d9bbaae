"""`python -m stages.sweep`: throughput and latency over batch sizes and layouts, with proofs."""

import os
import sys
import time
from dataclasses import replace

from stages.artifacts import Artifacts, write_record
from stages.command_line import for_stage
from stages.common.current import Product, kept
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import cpu_flags, describe_host, require_consistent, require_quota
from stages.common.host.others import who_is_here
from stages.common.provenance import maker
from stages.errors import GIVE_UP_S, exit_code_of
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.profile.cell_workers import workers_into
from stages.profile.inputs import Inputs, origins_of, read_inputs
from stages.profile.layouts import layout_of
from stages.profile.plan import missing_models, plan_cells, why_none
from stages.program.host_path import shown
from stages.records.base import Host
from stages.records.sweep import SweepRecord, SweptCell
from stages.samples import load_samples, require_full_batch
from stages.settings import Settings
from stages.stage_folders import SweepFolder
from stages.sweep.picture import draw
from stages.sweep.plan import Plan, highest_cells, plan_sweep
from stages.sweep.results import findings_of, point_of
from stages.sweep.run import SweptPoints, runs_by_point, sweep
from stages.sweep.table import render
from stages.sweep.words import layout_in_short


def main() -> None:
    """Check the inputs, measure, and hand over the folder of the runtime's sweep."""
    settings = for_stage("sweep", sys.argv[1:], os.environ)
    # Profile's own, which a variable for all stages may have set.
    settings = replace(settings, strict=False, all_cells=False)
    began = time.monotonic()
    with writing(settings.artifacts, "sweep") as artifacts:
        inputs = read_inputs(artifacts, settings.runtime)
        # Before it takes long: whatever fails here costs nothing.
        host = describe_host(choose_cores(settings.cores))
        folder = artifacts.sweep(settings.runtime)
        record = kept(_product(folder), settings, inputs.origins(host))
        record = record or _sweep(settings, artifacts, inputs, host, began)
    print(render(_asked(record, settings)), end="", flush=True)
    print(f"sweep: its table and picture are in {shown(folder.path)}", flush=True)


def _product(folder: SweepFolder) -> Product[SweepRecord]:
    return Product(
        program="sweep",
        folder=folder,
        kind=SweepRecord,
        origins=origins_of,
        met=lambda _: ("latency_bounds",),
    )


def _asked(record: SweepRecord, settings: Settings) -> SweepRecord:
    """Return a record with the latency bounds asked for now, which take no new measurement."""
    return replace(record, bounds=findings_of(record.points, settings.latency_bounds).bounds)


def _sweep(
    settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host, began: float
) -> SweepRecord:
    plan = _plan(settings, artifacts, inputs, host)
    require_consistent(host)
    require_quota(host)
    folder = artifacts.sweep(settings.runtime).path
    with (
        holding(host.cores_pinned, "sweep", settings.locks),
        handing_over(folder, last=True) as partial,
    ):
        _say_what_comes(plan, host, settings)
        out = SweepFolder(partial)
        swept = sweep(workers_into(out, settings, artifacts), plan)
        record = _record(settings, artifacts, inputs, host, plan, swept)
        record = replace(record, seconds=time.monotonic() - began)
        _write(out, record)
    return record


def _plan(settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host) -> Plan:
    flags = cpu_flags()
    planned = plan_cells(settings, flags, missing_models(inputs.quantize))
    if all(cell.impossible for cell in planned):
        raise why_none(planned, flags)
    images, backbone = artifacts.train.test, inputs.train.backbone.name
    largest = max(settings.batch_sizes, default=1)
    require_full_batch(images, "batch_sizes", largest)
    memory.require_batch(largest, backbone)
    cells = highest_cells(planned, settings)
    return plan_sweep(settings, cells, host.cores_pinned, len(load_samples(images)), backbone)


def _say_what_comes(plan: Plan, host: Host, settings: Settings) -> None:
    """Say how much is swept, what of the defaults is not, and who else is on the cores."""
    shapes = (layout_in_short(layout_of(placement)) for placement in plan.placements)
    swept = {
        "precisions": (cell.precision for cell in plan.possible),
        "processes x cores": shapes,
        "batch sizes": map(str, plan.sizes),
    }
    parts = "; ".join(f"{name} {', '.join(values)}" for name, values in swept.items())
    others = who_is_here(host.cores_pinned, fixed_rounds=bool(settings.rounds))
    left_out = (f"left out: {line}" for line in plan.left_out)
    for line in (parts, *left_out, *others):
        print(f"sweep: {line}", flush=True)


def _record(
    settings: Settings,
    artifacts: Artifacts,
    inputs: Inputs,
    host: Host,
    plan: Plan,
    swept: SweptPoints,
) -> SweepRecord:
    runs = runs_by_point(swept)
    names = [series.point(size) for series in plan.series for size in plan.sizes]
    points = [point_of(name, runs[name]) for name in names]
    findings = findings_of(points, settings.latency_bounds)
    return SweepRecord(
        maker=maker(settings, "sweep"),
        runtime=settings.runtime,
        train_sha256=inputs.train_sha256,
        quantize_sha256=inputs.quantize_sha256,
        data=inputs.train.data,
        backbone=inputs.train.backbone,
        host=host,
        labels=load_samples(artifacts.train.test).labels.tolist(),
        cells=_cells(plan, swept),
        left_out=[*plan.left_out],
        groups=swept.groups,
        reference=plan.reference.point(plan.reference_size),
        points=points,
        knees=findings.knees,
        best=findings.best,
        bounds=findings.bounds,
        seconds=0.0,
    )


def _cells(plan: Plan, swept: SweptPoints) -> list[SweptCell]:
    return [
        SweptCell(
            precision=cell.precision,
            isa=cell.isa,
            impossible=cell.impossible,
            proofs=swept.proofs.get(cell.precision, []),
        )
        for cell in plan.cells
    ]


def _write(folder: SweepFolder, record: SweepRecord) -> None:
    write_record(folder.record, record)
    folder.log.write_text(render(record), encoding="utf-8")
    folder.picture.write_text(draw(record), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(exit_code_of("sweep", main, GIVE_UP_S))
