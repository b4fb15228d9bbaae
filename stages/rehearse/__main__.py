"""`python -m stages.rehearse`: AMX's cells under an emulator, on a CPU that has no AMX."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stages.artifacts import (
    Artifacts,
    RehearseFolder,
    TrainFolder,
    read_record,
    verify,
    write_record,
)
from stages.command_line import for_stage
from stages.common.entries import Entry, OurEntries, find_ours, interpreters_of, runnable
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import cpu_flags, describe_host
from stages.common.progress import Progress
from stages.errors import GIVE_UP_S, InputMissingError, SettingsError, exit_code_of
from stages.folder.access import writing
from stages.folder.full_disk import scratch_folder
from stages.folder.handover import handing_over
from stages.precisions import FP32, get_precision
from stages.records.base import Provenance
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import REHEARSED, Emulator, LeftOut, RehearsalRecord, RehearsedCell
from stages.records.train import TrainRecord
from stages.rehearse.emulator import require_none_loaded, require_usable
from stages.rehearse.host import (
    NOTHING_TO_DO,
    has_amx,
    require_vectors,
)
from stages.rehearse.run import Conditions, rehearse
from stages.rehearse.table import render
from stages.runtimes import get_runtime
from stages.samples import Samples, load_samples
from stages.settings import Settings, maker

# A cell has one worker with the emulator and one without. With VGG19 each takes 1.7 GiB at most.
PROCESSES, WORKER_BYTES = 2, 2 * memory.GIB
# The one setting with a time that this program reads.
TIMEOUT = "worker_timeout_s"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be rehearsed, and what not; by runtime, quantize's record and its checksum."""

    entries: list[Entry]
    left_out: list[LeftOut]
    quantize: dict[str, QuantizeRecord]
    quantize_sha256: dict[str, str]


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


def _rehearse(settings: Settings, artifacts: Artifacts, emulator: Emulator) -> str:
    train_sha256 = verify(artifacts.train.path)
    train = read_record(artifacts.train.record, TrainRecord)
    plan = _plan(settings, artifacts)
    samples, test_images = _samples(settings, artifacts.train)
    cores = choose_cores(settings.cores)
    host = describe_host(cores)
    memory.require(PROCESSES, PROCESSES * WORKER_BYTES, memory.available())
    with (
        holding(cores, "rehearse", settings.locks),
        handing_over(artifacts.rehearse.path) as partial,
        scratch_folder("rehearse-") as scratch,
    ):
        out = RehearseFolder(partial)
        conditions = _conditions(settings, out, scratch, samples, cores)
        record = RehearsalRecord(
            maker=_maker(settings),
            kind=REHEARSED,
            emulator=emulator,
            host=host,
            train_sha256=train_sha256,
            quantize_sha256=plan.quantize_sha256,
            data=train.data,
            backbone=train.backbone,
            batch_size=settings.batch_size,
            test_images=test_images,
            labels=conditions.labels,
            cells=_cells(plan, conditions),
            left_out=plan.left_out,
        )
        write_record(out.record, record)
        out.log.write_text(render(record), encoding="utf-8")
    return render(record)


def _plan(settings: Settings, artifacts: Artifacts) -> Plan:
    """Return what can be rehearsed; InputMissingError if nothing can."""
    ours = find_ours(artifacts, interpreters_of(settings))
    entries = map(partial(_as_converted, ours.entries), ours.entries)
    wanted = [entry for entry in entries if _is_wanted(entry, settings)]
    possible = runnable(wanted)
    if not possible:
        reasons = "; ".join(dict.fromkeys(entry.missing for entry in wanted if entry.missing))
        raise InputMissingError(
            f"nothing can be rehearsed ({reasons or 'AMX multiplies in none of the precisions'}); "
            "run the stages before, or ask for other precisions"
        )
    return Plan(
        possible,
        [
            LeftOut(runtime=entry.backend, precision=entry.precision, reason=entry.missing)
            for entry in wanted
            if entry.missing
        ],
        _records(artifacts, ours, possible),
        {entry.backend: ours.quantize_sha256[entry.backend] for entry in possible},
    )


def _as_converted(entries: Sequence[Entry], entry: Entry) -> Entry:
    """Return an entry, with a model even if quantize, on its CPU, made no variant of it.

    The runtime converts the trained model as it loads it, so nothing that quantize makes is needed.
    """
    precision = get_precision(entry.precision)
    converts = getattr(precision, get_runtime(entry.backend).converts_by)
    if not (entry.missing and converts and precision.model == FP32):
        return entry
    trained = [one for one in entries if (one.backend, one.precision) == (entry.backend, FP32)]
    return replace(trained[0], precision=entry.precision) if trained else entry


def _is_wanted(entry: Entry, settings: Settings) -> bool:
    return get_precision(entry.precision).uses_tiles and entry.precision in settings.precisions


def _records(
    artifacts: Artifacts, ours: OurEntries, entries: Sequence[Entry]
) -> dict[str, QuantizeRecord]:
    runtimes = {entry.backend for entry in entries} & {*ours.quantize_sha256}
    return {
        runtime: read_record(artifacts.quantize(runtime).record, QuantizeRecord)
        for runtime in runtimes
    }


def _samples(settings: Settings, train: TrainFolder) -> tuple[Samples, int]:
    """Return the images to classify, and how many the test split has.

    Raises SettingsError if there are too few for a batch.
    """
    everything = load_samples(train.test)
    count = settings.rehearse_samples or len(everything)
    samples = Samples(everything.images[:count], everything.labels[:count])
    if settings.batch_size > len(samples):
        raise SettingsError(
            f"batch_size {settings.batch_size} exceeds the {len(samples)} images to rehearse with; "
            "give less, or a larger rehearse_samples"
        )
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


def _cells(plan: Plan, conditions: Conditions) -> list[RehearsedCell]:
    names = {entry: f"{entry.backend} {entry.precision} under emulation" for entry in plan.entries}
    cells = []
    with Progress("rehearse", names.values()) as progress:
        for entry, name in names.items():
            progress.step(name)
            cells.append(rehearse(entry, plan.quantize[entry.backend], conditions))
    return cells


def _maker(settings: Settings) -> Provenance:
    """Return what made the record, without the setting that is a time: nothing here is one."""
    made = maker(settings, "rehearse")
    kept = {name: text for name, text in made.settings.items() if name != TIMEOUT}
    return replace(made, settings=kept)


if __name__ == "__main__":
    sys.exit(exit_code_of("rehearse", main, GIVE_UP_S))
