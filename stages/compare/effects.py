"""Precision effect and ISA effect, never mixed.

A precision effect compares precisions at the same isa; an ISA effect compares isas at the same
precision. Both are throughput of the changed over throughput of the reference.
"""

from stages.errors import InputCorruptError
from stages.isa import ISA_NAMES
from stages.records import Cell, CompareRecord, Measurement, ProfileRecord, Proof, Row

PREFERRED_REFERENCE = "AVX512_CORE"
Measured = dict[tuple[str, str], tuple[Measurement, Proof]]


def compare(profile: ProfileRecord, profile_sha256: str) -> CompareRecord:
    """Return the rows, lowest isa first, and the reasons of the impossible cells.

    Raises InputCorruptError where a cell has neither a measurement nor a reason.
    """
    measured = _measured(profile.cells)
    reference = _isa_reference(measured)
    return CompareRecord(
        profile_sha256=profile_sha256,
        data=profile.data,
        backbone=profile.backbone,
        host=profile.host,
        isa_reference=reference,
        rows=[_row(measured, key, reference) for key in measured],
        impossible={
            f"{cell.precision} {cell.requested_isa}": cell.impossible
            for cell in profile.cells
            if cell.impossible
        },
    )


def _measured(cells: list[Cell]) -> Measured:
    found: Measured = {}
    for cell in cells:
        if cell.measurement and cell.proof:
            found[cell.precision, cell.requested_isa] = (cell.measurement, cell.proof)
        elif not cell.impossible:
            name = f"{cell.precision} at {cell.requested_isa}"
            raise InputCorruptError(f"{name} has no proven measurement; run profile again")
    return found


def _isa_reference(measured: Measured) -> str:
    isas = [isa for isa in ISA_NAMES if any(isa == key[1] for key in measured)]
    if not isas:
        raise InputCorruptError("no cell was measured; run profile again")
    return PREFERRED_REFERENCE if PREFERRED_REFERENCE in isas else isas[0]


def _row(measured: Measured, key: tuple[str, str], reference: str) -> Row:
    precision, isa = key
    measurement, proof = measured[key]
    fp32 = measured.get(("fp32", isa))
    return Row(
        precision=precision,
        isa=isa,
        verdict=proof.verdict,
        kernel=proof.kernels[0].implementation,
        accuracy_top1=measurement.accuracy_top1,
        accuracy_loss=_loss(measurement, fp32[0]) if fp32 else None,
        throughput_images_per_s=measurement.offline.throughput_images_per_s,
        latency_p50_ms=measurement.single_stream.latency_p50_ms,
        latency_p90_ms=measurement.single_stream.latency_p90_ms,
        precision_speedup=_speedup(measured, key, ("fp32", isa)),
        isa_speedup=_speedup(measured, key, (precision, reference)),
    )


def _loss(changed: Measurement, reference: Measurement) -> float | None:
    if not reference.accuracy_top1:
        return None
    return 1 - changed.accuracy_top1 / reference.accuracy_top1


def _speedup(
    measured: Measured, changed: tuple[str, str], reference: tuple[str, str]
) -> float | None:
    if reference not in measured:
        return None
    rates = [measured[key][0].offline.throughput_images_per_s for key in (changed, reference)]
    return rates[0] / rates[1]
