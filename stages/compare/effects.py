"""Precision effect and ISA effect, never mixed.

A precision effect compares precisions at the same isa; an ISA effect compares isas at the same
precision; both within a runtime. Each tells how many times as fast the changed is, paired by round.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stages.common.stats import speedup
from stages.compare.checks import repeated, saturations
from stages.compare.inputs import Profiled
from stages.compare.limits import limits
from stages.errors import InputCorruptError
from stages.isa import ISA_NAMES, rank
from stages.records.base import Interval
from stages.records.cell import Measurement
from stages.records.compare import CompareRecord, Limit, NotRun, Row
from stages.records.profile import ProfileRecord
from stages.records.proof import Proof

PREFERRED_REFERENCE = "AVX512_CORE"


class Key(NamedTuple):
    """What tells a measured cell from all others."""

    runtime: str
    precision: str
    isa: str


Measured = dict[Key, tuple[Measurement, Proof]]


def compare(profiles: Sequence[Profiled]) -> CompareRecord:
    """Return the rows, lowest isa first, and the reasons of the impossible cells.

    Raises InputCorruptError where a cell has neither a measurement nor a reason.
    """
    records = [profile.record for profile in profiles]
    measured = {key: pair for record in records for key, pair in _measured(record).items()}
    reference, place = _isa_reference(measured), _place(records)
    return CompareRecord(
        profile_sha256={profile.runtime: profile.sha256 for profile in profiles},
        versions={record.runtime: record.host.versions for record in records},
        data=records[0].data,
        backbone=records[0].backbone,
        host=records[0].host,
        isa_reference=reference,
        repeats=[repeated(record) for record in records],
        saturations=[each for record in records for each in saturations(record)],
        limits=sorted((each for one in records for each in limits(one)), key=place),
        rows=sorted((_row(measured, key, reference) for key in measured), key=place),
        impossible=sorted((each for one in records for each in _impossible(one)), key=place),
    )


def _measured(record: ProfileRecord) -> Measured:
    found: Measured = {}
    for cell in record.cells:
        key = Key(record.runtime, cell.precision, cell.requested_isa)
        measurement = record.measured_cell(cell).measurement
        if measurement and cell.proof:
            found[key] = (measurement, cell.proof)
        elif not cell.impossible:
            name = f"{cell.precision} at {cell.requested_isa}"
            raise InputCorruptError(f"{name} has no proven measurement; run profile again")
    return found


def _impossible(record: ProfileRecord) -> list[NotRun]:
    return [
        NotRun(
            runtime=record.runtime,
            precision=cell.precision,
            isa=cell.requested_isa,
            reason=cell.impossible,
        )
        for cell in record.cells
        if cell.impossible
    ]


def _place(
    records: Sequence[ProfileRecord],
) -> Callable[[Row | NotRun | Limit], tuple[int, int]]:
    """Return what to sort by: isa, then precision, so that runtimes stand below each other."""
    cells = [cell for record in records for cell in record.cells]
    precisions = list(dict.fromkeys(cell.precision for cell in cells))
    return lambda each: (rank(each.isa), precisions.index(each.precision))


def _isa_reference(measured: Measured) -> str:
    isas = [isa for isa in ISA_NAMES if any(isa == key.isa for key in measured)]
    if not isas:
        raise InputCorruptError("no cell was measured; run profile again")
    return PREFERRED_REFERENCE if PREFERRED_REFERENCE in isas else isas[0]


def _row(measured: Measured, key: Key, reference: str) -> Row:
    measurement, proof = measured[key]
    fp32 = key._replace(precision="fp32")
    return Row(
        **key._asdict(),
        verdict=proof.verdict,
        kernel=proof.kernels[0].implementation,
        valid=measurement.validity.valid,
        reasons=measurement.validity.reasons,
        accuracy_top1=measurement.accuracy.top1,
        accuracy_loss=_loss(measurement, measured[fp32][0]) if fp32 in measured else None,
        agreement_fp32=measurement.accuracy.agreement_fp32,
        throughput_images_per_s=measurement.offline.throughput_images_per_s,
        latency_p50_ms=measurement.single_stream.latency_p50_ms,
        latency_p90_ms=measurement.single_stream.latency_p90_ms,
        server_per_s=measurement.server.rate_per_s if measurement.server else None,
        precision_speedup=_speedup(measured, key, fp32),
        isa_speedup=_speedup(measured, key, key._replace(isa=reference)),
    )


def _loss(changed: Measurement, reference: Measurement) -> float | None:
    if not reference.accuracy.top1:
        return None
    return 1 - changed.accuracy.top1 / reference.accuracy.top1


def _speedup(measured: Measured, changed: Key, reference: Key) -> Interval | None:
    if reference not in measured:
        return None
    return speedup(measured[changed][0].offline.runs, measured[reference][0].offline.runs)
