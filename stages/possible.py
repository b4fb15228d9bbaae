"""Whether this machine can do what is asked for, before anything is installed or run to do it.

`invoke` asks it of stages that run on this machine; each stage asks the same again.
"""

import os
from collections.abc import Collection, Sequence

from stages import locks
from stages.common.host import memory
from stages.common.host.cores import available_cores, choose_cores
from stages.common.host.facts import (
    cpu_flags,
    describe_host,
    no_cell_runs,
    require_int8_kernels,
    require_quota,
    why_impossible,
)
from stages.common.host.topology import HERE
from stages.profile.layouts import candidate_placements
from stages.rehearse.host import has_amx, require_vectors
from stages.setting.programs import DOCTOR, REHEARSE, SWEEP
from stages.settings import Settings, specs_of
from stages.sweep.plan import placements_of


def require_possible(settings: Settings, programs: Collection[str]) -> None:
    """Check what processes of this machine ask of cores, instruction sets, memory and the locks.

    Raises PinningError, HostError or NotWritableError, as the first of them would that needs it.
    doctor, which shows what is missing, is never refused.
    """
    pinning = _pinning(programs)
    if not pinning:
        return
    cores = choose_cores(settings.cores)
    with locks.opened(settings.locks):
        pass
    _require(settings, cores, pinning)
    if {"profile", SWEEP} & pinning:
        require_quota(describe_host(cores))
    if "train" in programs:  # else the backbone is that which train left
        memory.require_batch(settings.batch_size, settings.backbone)


def require_possible_in_images(
    settings: Settings, programs: Collection[str], *, are_children: bool
) -> None:
    """Check what stages in their images ask of this machine.

    If they are not processes below this one, they may have cores that this one may not use. Raises
    as `require_possible` does; memory, locks and numactl are their own.
    """
    allowed = os.sched_getaffinity(0) if are_children else {*HERE.online()}
    if pinning := _pinning(programs):
        _require(settings, available_cores(settings.cores, allowed), pinning)


def _pinning(programs: Collection[str]) -> set[str]:
    return {name for name in programs if "cores" in specs_of(name)} - {DOCTOR}


def _require(settings: Settings, cores: list[int], pinning: set[str]) -> None:
    flags = cpu_flags()
    if "quantize" in pinning:
        require_int8_kernels(flags)
    if "profile" in pinning:
        candidate_placements(settings, cores)
    if SWEEP in pinning:
        placements_of(settings, cores)
    if {"profile", SWEEP} & pinning:
        _require_cells(settings.isas, flags)
    if REHEARSE in pinning and not has_amx(flags):
        require_vectors(flags)


def _require_cells(isas: Sequence[str], flags: frozenset[str]) -> None:
    reasons = [*filter(None, (why_impossible(isa, flags) for isa in isas))]
    if len(reasons) == len(isas):
        raise no_cell_runs(reasons[0])
