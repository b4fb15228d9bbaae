"""`python -m stages.profile`: measure and prove every cell that this host can run."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from stages.artifacts import Artifacts, write_record
from stages.command_line import for_stage
from stages.common.current import Product, kept
from stages.common.headline import require_trusted
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import (
    cpu_flags,
    describe_host,
    require_consistent,
    require_quota,
)
from stages.common.host.others import who_is_here
from stages.common.provenance import maker
from stages.common.summaries import summaries
from stages.common.unfit import of_profile
from stages.errors import GIVE_UP_S, exit_code_of
from stages.folder import history
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.profile.cell_workers import workers_into
from stages.profile.earlier import Earlier, read_earlier
from stages.profile.enough import settings_met
from stages.profile.inputs import Inputs, origins_of, read_inputs
from stages.profile.layouts import Placement, candidate_placements
from stages.profile.loadgen_settings import has_fixed_rounds
from stages.profile.memory_plan import candidates_that_fit
from stages.profile.plan import PlannedCell, missing_models, plan_cells, why_none
from stages.profile.run import MeasuredCells, measure
from stages.profile.summary import closing_line
from stages.records.base import Host
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.samples import require_full_batch
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings
from stages.stage_folders import ProfileFolder

# Set by who runs compare after it, as compose does, where a code other than 0 would stop that.
COMPARED = "STAGES_COMPARED"


def main() -> None:
    """Check the inputs, measure, and hand over the folder of the runtime's profile.

    Raises NotTrustedError, when all is done, if the run is not to be trusted, unless compare
    follows, which then does.
    """
    settings = for_stage("profile", sys.argv[1:], os.environ)
    began = time.monotonic()
    with writing(settings.artifacts, "profile") as artifacts:
        inputs = read_inputs(artifacts, settings.runtime)
        # Before it takes long: whatever fails here costs nothing.
        host = describe_host(choose_cores(settings.cores))
        record = _current(settings, artifacts, inputs, host)
        record = record or _profile(settings, artifacts, inputs, host, began)
    print(closing_line(record), flush=True)
    if not os.environ.get(COMPARED):
        require_trusted({record.runtime: record.repeat})


def _current(
    settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host
) -> ProfileRecord | None:
    """Return what was measured before, if nothing is to be measured now."""
    product = _product(artifacts.profile(settings.runtime), settings)
    return None if settings.more else kept(product, settings, inputs.origins(host))


def _product(folder: ProfileFolder, settings: Settings) -> Product[ProfileRecord]:
    return Product(
        program="profile",
        folder=folder,
        kind=ProfileRecord,
        origins=origins_of,
        unfit=of_profile,
        met=lambda record: settings_met(record, settings),
    )


def _profile(
    settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host, began: float
) -> ProfileRecord:
    planned = _plan(settings, inputs.quantize)
    require_full_batch(artifacts.train.test, "batch_size", settings.batch_size)
    memory.require_batch(settings.batch_size, inputs.train.backbone.name)
    candidates = _candidates(settings, host.cores_pinned, planned, inputs.train.backbone.name)
    known = inputs.known_cells(settings, artifacts, host)
    earlier = _earlier(settings, artifacts, inputs, host) if settings.more else None
    candidates = earlier.only_layout(candidates) if earlier else candidates
    samples = earlier.samples(known.on(candidates[0][0])) if earlier else {}
    require_consistent(host)
    require_quota(host)
    if settings.history:
        history.require_writable(artifacts, settings.runtime)
    keep = history.keep if settings.history else None
    with (
        holding(host.cores_pinned, "profile", settings.locks),
        handing_over(artifacts.profile(settings.runtime).path, keep=keep, last=True) as partial,
    ):
        _say_who_is_here(host.cores_pinned, settings)
        out = ProfileFolder(partial)
        workers = workers_into(out, settings, artifacts)
        if earlier:
            earlier.copy_logs(out)
        measured = measure(workers, planned, candidates, known, samples)
        record = _record(settings, inputs, host, measured)
        record = replace(record, seconds=time.monotonic() - began)
        record = earlier.with_rounds_of(record) if earlier else record
        _write(out, record)
    history.keep_last(artifacts, settings.runtime, settings.history)
    return record


def _earlier(settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host) -> Earlier:
    folder, by = artifacts.profile(settings.runtime), maker(settings, "profile")
    return read_earlier(folder, by, host, inputs.origins(host))


def _plan(settings: Settings, quantize: QuantizeRecord) -> list[PlannedCell]:
    flags = cpu_flags()
    planned = plan_cells(settings, flags, missing_models(quantize))
    if all(cell.impossible for cell in planned):
        raise why_none(planned, flags)
    return planned


def _candidates(
    settings: Settings, cores: list[int], planned: Sequence[PlannedCell], backbone: str
) -> list[Placement]:
    """Return the layouts to try, of VGG19 those that fit into memory."""
    candidates = candidate_placements(settings, cores)
    if backbone not in OWN_BACKBONES:  # another network takes what it takes
        return candidates
    possible = [cell for cell in planned if cell.impossible is None]
    fitting = candidates_that_fit(settings, possible, candidates, memory.available())
    if len(fitting) < len(candidates):
        most = max(map(len, fitting))
        rest = f"layouts of more instances than {most}"
        print(f"profile: {rest} are not tried, as memory holds none", flush=True)
    return fitting


def _say_who_is_here(cores: list[int], settings: Settings) -> None:
    """Say what else takes the cores, and what comes of that."""
    for line in who_is_here(cores, fixed_rounds=has_fixed_rounds(settings)):
        print(f"profile: {line}", flush=True)


def _record(
    settings: Settings, inputs: Inputs, host: Host, measured: MeasuredCells
) -> ProfileRecord:
    return ProfileRecord(
        maker=maker(settings, "profile"),
        runtime=settings.runtime,
        train_sha256=inputs.train_sha256,
        quantize_sha256=inputs.quantize_sha256,
        data=inputs.train.data,
        backbone=inputs.train.backbone,
        host=host,
        strict=settings.strict,
        labels=measured.labels,
        layout=measured.layout,
        tried=measured.tried,
        cells=measured.cells,
        repeat=measured.repeat,
        seconds=0.0,
        classes=inputs.train.classes,
    )


def _write(folder: ProfileFolder, record: ProfileRecord) -> None:
    write_record(folder.record, record)
    for summary in summaries(record):
        path = folder.summary_fp32 if summary.precision == "fp32" else folder.summary_int8
        write_record(path, summary)


if __name__ == "__main__":
    sys.exit(exit_code_of("profile", main, GIVE_UP_S))
