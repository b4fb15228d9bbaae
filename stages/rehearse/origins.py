"""What a rehearsal comes from: if nothing of that has changed, it need not be made again."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.common.current import Facts, by_runtime, cpu_facts, package_facts
from stages.common.entries import interpreters
from stages.common.host.versions import versions_in_each
from stages.records.base import Host
from stages.records.rehearse import Emulator, RehearsalRecord
from stages.records.train import TrainRecord
from stages.rehearse.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is rehearsed, of which training, by which emulator, on which machine."""

    train: TrainRecord
    train_sha256: str
    plan: Plan
    emulator: Emulator
    host: Host


def unfit(record: RehearsalRecord) -> str:
    """Return what failed for a cause that may be gone; what a model is does not change."""
    failed = [f"{cell.runtime} {cell.precision}" for cell in record.left_out if cell.may_pass]
    return f"{', '.join(failed)} failed" if failed else ""


def recorded_origins(record: RehearsalRecord) -> Facts:
    """Return what a rehearsal that is there came from."""
    return _origins(
        inputs=_inputs(record.train_sha256, record.quantize_sha256, record.peers_sha256),
        emulator=record.emulator,
        host=record.host,
        versions={cell.runtime: cell.versions for cell in record.cells},
    )


def current_origins(inputs: Inputs) -> Facts:
    """Return what one would come from now."""
    plan = inputs.plan
    return _origins(
        inputs=_inputs(inputs.train_sha256, plan.quantize_sha256, plan.peers_sha256),
        emulator=inputs.emulator,
        host=inputs.host,
        versions=versions_in_each(interpreters(plan.entries)),
    )


def _inputs(
    train_sha256: str, quantize_sha256: Mapping[str, str], peers_sha256: str | None
) -> Facts:
    models = by_runtime("what quantize left", quantize_sha256)
    return {"what train left": train_sha256, **models, "what peers left": peers_sha256}


def _origins(
    *, inputs: Facts, emulator: Emulator, host: Host, versions: Mapping[str, Mapping[str, str]]
) -> Facts:
    own = {"the emulator": emulator.sha256, **cpu_facts(host)}
    return {**inputs, **own, **package_facts(versions)}
