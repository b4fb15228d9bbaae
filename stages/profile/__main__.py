"""`python -m stages.profile`: measures and proves every cell this host can run."""

import os
import sys
import tempfile
import time
from pathlib import Path

from stages.artifacts import (
    Artifacts,
    ProfileFolder,
    handing_over,
    read_record,
    require_current,
    verify,
    write_record,
)
from stages.errors import ModelError, SettingsError, exit_code_of
from stages.profile.cores import choose_cores
from stages.profile.host import cpu_flags, describe_host
from stages.profile.launch import run_worker
from stages.profile.plan import PlannedCell, plan_cells
from stages.profile.proof import prove
from stages.profile.summary import closing_line, summaries
from stages.profile.worker import Job
from stages.progress import Progress
from stages.records import Cell, ProfileRecord, QuantizeRecord, TrainRecord
from stages.samples import load_samples
from stages.settings import Settings, for_stage


def main() -> None:
    """Check the inputs, measure, and hand over artifacts/profile."""
    settings = for_stage("profile", sys.argv[1:], os.environ)
    began = time.monotonic()
    artifacts = Artifacts(settings.artifacts.resolve())
    train_sha256 = verify(artifacts.train.path)
    quantize_sha256 = verify(artifacts.quantize.path)
    train = read_record(artifacts.train.record, TrainRecord)
    quantize = read_record(artifacts.quantize.record, QuantizeRecord)
    require_current(artifacts.quantize.path, quantize.train_sha256, artifacts.train.path)
    cores = choose_cores(settings.cores)
    with handing_over(artifacts.profile.path) as partial:
        cells = measure_cells(settings, artifacts, ProfileFolder(partial), cores)
        record = ProfileRecord(
            train_sha256=train_sha256,
            quantize_sha256=quantize_sha256,
            data=train.data,
            backbone=train.backbone,
            host=describe_host(cores),
            cells=cells,
            seconds=time.monotonic() - began,
        )
        _write(ProfileFolder(partial), record)
    print(closing_line(record), flush=True)


def measure_cells(
    settings: Settings, artifacts: Artifacts, out: ProfileFolder, cores: list[int]
) -> list[Cell]:
    """Measure each possible cell, lowest isa first; the others keep their reason."""
    planned = plan_cells(settings, cpu_flags())
    possible = [cell for cell in planned if cell.impossible is None]
    if not possible:
        raise SettingsError(f"no cell can run here ({planned[0].impossible}); ask for other isas")
    _require_full_batch(settings, artifacts)
    out.proof.mkdir(parents=True)
    cells: list[Cell] = []
    with Progress("profile", len(possible), alike=True) as progress:
        for cell in planned:
            if cell.impossible is None:
                progress.step(f"{cell.precision} capped at {cell.isa}")
            cells.append(_measure_cell(settings, artifacts, out, cores, cell, cells))
    return cells


def _measure_cell(
    settings: Settings,
    artifacts: Artifacts,
    out: ProfileFolder,
    cores: list[int],
    cell: PlannedCell,
    before: list[Cell],
) -> Cell:
    if cell.impossible is not None:
        return Cell(precision=cell.precision, requested_isa=cell.isa, impossible=cell.impossible)
    log = out.proof / f"{cell.name}.log"
    with tempfile.TemporaryDirectory(prefix="profile-") as scratch:
        result = Path(scratch, "outcome.json")
        job = _job(settings, artifacts, cell, result, cores, prove=True)
        run_worker(cell, job, log, settings.worker_timeout_s)
        lower = [c.proof for c in before if c.precision == cell.precision and c.proof]
        proof = prove(cell, log.read_text(errors="replace").splitlines(), log.name, lower)
        job = _job(settings, artifacts, cell, result, cores, prove=False)
        outcome = run_worker(cell, job, result.with_suffix(".log"), settings.worker_timeout_s)
    return Cell(
        precision=cell.precision,
        requested_isa=cell.isa,
        measurement=outcome.measurement,
        proof=proof,
    )


def _job(
    settings: Settings,
    artifacts: Artifacts,
    cell: PlannedCell,
    result: Path,
    cores: list[int],
    *,
    prove: bool,
) -> Job:
    # BF16 is the FP32 model: ITEX converts it when it is loaded.
    model = artifacts.quantize.model if cell.precision == "int8" else artifacts.train.model
    return Job(
        model=str(model),
        test=str(artifacts.train.test),
        result=str(result),
        cores=cores,
        batch_size=settings.batch_size,
        min_duration_s=settings.min_duration_s,
        min_queries=settings.min_queries,
        prove=prove,
    )


def _require_full_batch(settings: Settings, artifacts: Artifacts) -> None:
    images = len(load_samples(artifacts.train.test))
    if not images:
        raise ModelError(f"{artifacts.train.test} holds no image; run the train stage again")
    if settings.batch_size > images:
        raise SettingsError(
            f"batch_size {settings.batch_size} exceeds the {images} test images; give less"
        )


def _write(folder: ProfileFolder, record: ProfileRecord) -> None:
    write_record(folder.record, record)
    for summary in summaries(record):
        path = folder.summary_fp32 if summary.precision == "fp32" else folder.summary_int8
        write_record(path, summary)


if __name__ == "__main__":
    sys.exit(exit_code_of("profile", main))
