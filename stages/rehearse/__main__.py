"""`python -m stages.rehearse`: AMX's cells under an emulator, on a CPU that has no AMX."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.command_line import for_stage
from stages.common.current import Product, kept, stays
from stages.common.entries import Entry
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import cpu_flags, describe_host
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.errors import (
    GIVE_UP_S,
    HostError,
    ModelError,
    StageError,
    WorkerError,
    exit_code_of,
)
from stages.folder.access import writing
from stages.folder.full_disk import scratch_folder
from stages.folder.handover import handing_over
from stages.program.host_path import shown
from stages.records.rehearse import (
    REHEARSED,
    Emulator,
    LeftOut,
    RehearsalRecord,
    RehearsedCell,
    RehearsedPeer,
)
from stages.records.train import TrainRecord
from stages.rehearse.emulator import require_none_loaded, require_unchanged, require_usable
from stages.rehearse.host import (
    NOTHING_TO_DO,
    has_amx,
    require_vectors,
)
from stages.rehearse.origins import Inputs, current_origins, recorded_origins, unfit
from stages.rehearse.peers import rehearse_peer
from stages.rehearse.plan import Plan, left_out, make_plan
from stages.rehearse.run import rehearse
from stages.rehearse.table import render
from stages.rehearse.workers import Conditions
from stages.samples import Samples, load_samples
from stages.setting.programs import REHEARSE
from stages.settings import Settings
from stages.sizes import require_rehearsed
from stages.stage_folders import RehearseFolder, TrainFolder

# A cell has one worker with the emulator and one without. With VGG19 each takes 1.7 GiB at most.
PROCESSES, WORKER_BYTES = 2, 2 * memory.GIB


def main() -> None:
    """Check that it may run here, rehearse, and hand over artifacts/rehearse."""
    settings = for_stage("rehearse", sys.argv[1:], os.environ)
    flags = cpu_flags()
    require_none_loaded(os.environ)
    if has_amx(flags):
        print(NOTHING_TO_DO)
        return
    require_vectors(flags)
    emulator = require_usable(settings.emulator)
    with writing(settings.artifacts, "rehearse") as artifacts:
        text = _rehearse(settings, artifacts, emulator)
    print(text, end="", flush=True)
    print(f"rehearse: its table and logs are in {shown(artifacts.rehearse.path)}", flush=True)


def _rehearse(settings: Settings, artifacts: Artifacts, emulator: Emulator) -> str:
    inputs = Inputs(
        train_sha256=verify(artifacts.train.path),
        train=read_record(artifacts.train.record, TrainRecord),
        plan=make_plan(settings, artifacts),
        emulator=emulator,
        host=describe_host(choose_cores(settings.cores)),
    )
    product = Product(
        program=REHEARSE,
        folder=artifacts.rehearse,
        kind=RehearsalRecord,
        origins=recorded_origins,
        unfit=unfit,
    )
    now = current_origins(inputs)
    return render(kept(product, settings, now) or _make(settings, artifacts, inputs, product))


def _make(
    settings: Settings, artifacts: Artifacts, inputs: Inputs, product: Product[RehearsalRecord]
) -> RehearsalRecord:
    samples, test_images = _samples(settings, artifacts.train)
    plan, cores = inputs.plan, inputs.host.cores_pinned
    memory.require(PROCESSES, PROCESSES * WORKER_BYTES, memory.available(), "take more memory")
    with (
        holding(cores, "rehearse", settings.locks),
        handing_over(artifacts.rehearse.path, stays(product), last=True) as partial,
        scratch_folder("rehearse-") as scratch,
    ):
        out = RehearseFolder(partial)
        conditions = _conditions(settings, out, scratch, samples, cores)
        steps = map(_step, (*plan.entries, *plan.peers))
        with Progress("rehearse", steps) as progress:
            cells = _cells(plan, conditions, progress)
            classes = len(cells[0].with_amx.probabilities[0])
            peers, failed = _peers(plan, classes, conditions, progress)
        require_unchanged(settings.emulator, inputs.emulator)
        record = RehearsalRecord(
            maker=maker(settings, REHEARSE),
            kind=REHEARSED,
            emulator=inputs.emulator,
            host=inputs.host,
            train_sha256=inputs.train_sha256,
            quantize_sha256=plan.quantize_sha256,
            data=inputs.train.data,
            backbone=inputs.train.backbone,
            batch_size=settings.batch_size,
            test_images=test_images,
            labels=conditions.labels,
            cells=cells,
            peers=peers,
            peers_sha256=plan.peers_sha256,
            left_out=[*plan.left_out, *failed],
        )
        write_record(out.record, record)
        out.log.write_text(render(record), encoding="utf-8")
    return record


def _samples(settings: Settings, train: TrainFolder) -> tuple[Samples, int]:
    """Return the images to classify, and how many the test split has.

    Raises SettingsError if there are too few for a batch.
    """
    everything = load_samples(train.test)
    count = settings.rehearse_samples or len(everything)
    samples = Samples(everything.images[:count], everything.labels[:count])
    require_rehearsed(settings.batch_size, settings.rehearse_samples, len(everything))
    return samples, len(everything)


def _conditions(
    settings: Settings, out: RehearseFolder, scratch: Path, samples: Samples, cores: list[int]
) -> Conditions:
    images = scratch / "test.npz"
    samples.save(images)
    out.proof.mkdir()
    return Conditions(
        emulator=settings.emulator.absolute(),
        cores=cores,
        images=images,
        labels=samples.labels.tolist(),
        batch_size=settings.batch_size,
        timeout_s=settings.worker_timeout_s,
        proof=out.proof,
        scratch=scratch,
    )


def _cells(plan: Plan, conditions: Conditions, progress: Progress) -> list[RehearsedCell]:
    cells = []
    for entry in plan.entries:
        progress.step(_step(entry))
        cells.append(rehearse(entry, plan.quantize[entry.backend], conditions))
    return cells


def _peers(
    plan: Plan, classes: int, conditions: Conditions, progress: Progress
) -> tuple[list[RehearsedPeer], list[LeftOut]]:
    """Return what peers showed, and why not, for those that can't: ours are not lost for that."""
    peers, failed = [], []
    for entry in plan.peers:
        progress.step(_step(entry))
        try:
            peers.append(rehearse_peer(entry, plan.a_record, classes, conditions))
        except (WorkerError, ModelError, HostError) as error:
            note = left_out(entry, " ".join(str(error).split()))
            failed.append(replace(note, may_pass=_may_pass(error)))
    return peers, failed


def _may_pass(error: StageError) -> bool:
    """Return whether it may go well another time: no fault of model or runtime."""
    return isinstance(error, HostError) or (isinstance(error, WorkerError) and error.may_pass)


def _step(entry: Entry) -> str:
    return f"{entry.backend} {entry.precision} under emulation"


if __name__ == "__main__":
    sys.exit(exit_code_of("rehearse", main, GIVE_UP_S))
