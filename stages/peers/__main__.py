"""`python -m stages.peers`: our models and the peers', in turns on the same cores."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.command_line import for_stage
from stages.common.current import Facts, Product, by_runtime, kept, machine_facts, package_facts
from stages.common.entries import (
    Entry,
    OurEntries,
    find_ours,
    interpreters,
    interpreters_of,
    runnable,
)
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import cpu_flags, describe_host, require_consistent
from stages.common.host.others import who_is_here
from stages.common.host.versions import versions_in_each
from stages.common.peer_entries import find_peers
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.errors import GIVE_UP_S, ModelError, exit_code_of
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.peers.convert import Conversion, convert, tool_versions
from stages.peers.ratios import ratios
from stages.peers.run import Conditions, measure, steps
from stages.peers.sizes import choose_sizes
from stages.peers.table import render
from stages.program.host_path import shown
from stages.records.base import Host
from stages.records.fields import PEERS
from stages.records.peers import Contender, PeersRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.samples import first_samples, load_samples, require_full_batch
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings
from stages.stage_folders import PeersFolder, TrainFolder


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the stages before left: train's record and its checksum, the models that we can run."""

    train: TrainRecord
    train_sha256: str
    ours: OurEntries


def main() -> None:
    """Check the inputs, make the peers' models, measure, and hand over artifacts/peers."""
    settings = for_stage("peers", sys.argv[1:], os.environ)
    began = time.monotonic()
    with writing(settings.artifacts, "peers") as artifacts:
        text = _peers(settings, artifacts, began)
    print(text, end="", flush=True)
    print(f"peers: its table and models are in {shown(artifacts.peers.path)}", flush=True)


def _peers(settings: Settings, artifacts: Artifacts, began: float) -> str:
    inputs = _inputs(artifacts, settings)
    # Before it takes long: whatever fails here costs nothing.
    host = describe_host(choose_cores(settings.cores))
    versions = versions_in_each(interpreters(inputs.ours.entries))
    now = _origins(inputs.train_sha256, inputs.ours.quantize_sha256, host, versions)
    product = Product(
        program="peers", folder=artifacts.peers, kind=PeersRecord, origins=_recorded_origins
    )
    record = kept(product, settings, now) or _make(settings, artifacts, inputs, host, began)
    return render(record)


def _recorded_origins(record: PeersRecord) -> Facts:
    measured = [entry for entry in record.contenders if not entry.missing]
    versions = {
        entry.backend: entry.versions for entry in measured if entry.backend in RUNTIME_NAMES
    }
    return _origins(record.train_sha256, record.quantize_sha256, record.host, versions)


def _origins(
    train_sha256: str,
    quantize_sha256: Mapping[str, str],
    host: Host,
    versions: Mapping[str, Mapping[str, str]],
) -> Facts:
    return {
        "what train left": train_sha256,
        **by_runtime("what quantize left", quantize_sha256),
        **machine_facts(host),
        **package_facts(versions),
    }


def _make(
    settings: Settings, artifacts: Artifacts, inputs: Inputs, host: Host, began: float
) -> PeersRecord:
    require_samples(settings, artifacts.train)
    sizes = batch_sizes(settings, artifacts.train, inputs)
    require_consistent(host)
    cores = host.cores_pinned
    with (
        holding(cores, "peers", settings.locks),
        handing_over(artifacts.peers.path, last=True) as partial,
    ):
        for line in who_is_here(cores, fixed_rounds=True):
            print(f"peers: {line}", flush=True)
        out = PeersFolder(partial)
        conditions = _conditions(settings, artifacts.train, cores, sizes)
        contenders = _measure(settings, artifacts.train, out, inputs, conditions)
        record = _record(settings, inputs, host, conditions, contenders, began)
        write_record(out.record, record)
        out.log.write_text(render(record), encoding="utf-8")
    return record


def require_samples(settings: Settings, train: TrainFolder) -> None:
    """Check that there are calibration images, and test images for the largest batch asked for.

    Raises SettingsError if there are too few, ModelError if there is no test image.
    """
    first_samples(train.calibration, settings.calibration_samples)
    require_full_batch(train.test, "batch_sizes", max(settings.batch_sizes, default=1))


def batch_sizes(settings: Settings, train: TrainFolder, inputs: Inputs) -> tuple[int, ...]:
    """Return the batch sizes to take, and say which of the defaults are left out.

    Raises HostError if not even our processes, all alive at the same time, can fit into memory.
    What the peers' take on top is not known, nor what another network than VGG19 does.
    """
    is_known = inputs.train.backbone.name in OWN_BACKBONES
    precisions = [it.precision for it in runnable(inputs.ours.entries)] if is_known else []
    sizes = choose_sizes(settings, len(load_samples(train.test)), precisions)
    for line in sizes.left_out:
        print(f"peers: left out: {line}", flush=True)
    if is_known:
        needed = memory.least_needed(precisions, max(sizes.taken))
        remedy = "take more than that, as the peers' come on top, or give smaller batch_sizes"
        memory.require(len(precisions), needed, memory.available(), remedy)
    return sizes.taken


def _inputs(artifacts: Artifacts, settings: Settings) -> Inputs:
    train_sha256 = verify(artifacts.train.path)
    train = read_record(artifacts.train.record, TrainRecord)
    return Inputs(train, train_sha256, find_ours(artifacts, interpreters_of(settings)))


def _measure(
    settings: Settings,
    train: TrainFolder,
    out: PeersFolder,
    inputs: Inputs,
    conditions: Conditions,
) -> list[Contender]:
    entries = [*inputs.ours.entries, *find_peers(out.models, cpu_flags())]
    conversions = {f"FP32 and INT8 models of {peer}": peer for peer in PEERS}
    with Progress("peers", [*conversions, *steps(entries, conditions)]) as progress:
        for step, peer in conversions.items():
            progress.step(step)
            conversion = _conversion(settings, train, peer, out.models)
            entries = _converted(conversion, entries, may_lack=inputs.train.backbone.whole)
        return measure(entries, conditions, progress)


def _converted(conversion: Conversion, entries: Sequence[Entry], *, may_lack: bool) -> list[Entry]:
    """Make a peer's models; return the entries, in which those are missing that it can't make.

    Raises ModelError for that if none `may_lack`: VGG19 is known to be one that all can run.
    """
    try:
        convert(conversion)
    except ModelError:
        if not may_lack:
            raise
        reason = f"its tools can't convert this model; {conversion.peer}/convert.log says why"
        return [
            replace(entry, missing=reason)
            if entry.backend == conversion.peer and not entry.missing
            else entry
            for entry in entries
        ]
    return [*entries]


def _conditions(
    settings: Settings, train: TrainFolder, cores: list[int], sizes: tuple[int, ...]
) -> Conditions:
    return Conditions(
        cores=cores,
        images=train.test,
        labels=load_samples(train.test).labels.tolist(),
        batch_sizes=sizes,
        rounds=settings.fixed_rounds,
        round_duration_s=settings.round_duration_s,
        timeout_s=settings.worker_timeout_s,
    )


def _conversion(settings: Settings, train: TrainFolder, peer: str, models: Path) -> Conversion:
    return Conversion(
        peer=peer,
        saved_model=str(train.model),
        calibration=str(train.calibration),
        calibration_samples=settings.calibration_samples,
        folder=str(models / peer),
    )


def _record(
    settings: Settings,
    inputs: Inputs,
    host: Host,
    conditions: Conditions,
    contenders: list[Contender],
    began: float,
) -> PeersRecord:
    return PeersRecord(
        maker=maker(settings, "peers"),
        train_sha256=inputs.train_sha256,
        quantize_sha256=inputs.ours.quantize_sha256,
        data=inputs.train.data,
        backbone=inputs.train.backbone,
        host=host,
        tools=tool_versions(),
        calibration_samples=settings.calibration_samples,
        rounds=conditions.rounds,
        round_duration_s=conditions.round_duration_s,
        labels=conditions.labels,
        contenders=contenders,
        ratios=ratios(contenders),
        seconds=time.monotonic() - began,
    )


if __name__ == "__main__":
    sys.exit(exit_code_of("peers", main, GIVE_UP_S))
