"""Whether this machine can do what is asked for, before anything is installed to do it by.

`invoke` asks it if stages run as processes of this machine; each stage asks the same again.
"""

from collections.abc import Collection

from stages import locks
from stages.common.host import memory
from stages.common.host.cores import choose_cores
from stages.common.host.facts import (
    cpu_flags,
    describe_host,
    no_cell_runs,
    require_int8_kernels,
    require_quota,
    why_impossible,
)
from stages.profile.layouts import candidate_placements
from stages.rehearse.host import has_amx, require_vectors
from stages.setting.programs import DOCTOR, REHEARSE, SWEEP
from stages.settings import Settings, specs_of
from stages.sweep.plan import placements_of


def require_possible(settings: Settings, programs: Collection[str]) -> None:
    """Check what programs ask of cores, instruction sets, memory and the locks' folder.

    Raises PinningError, HostError or NotWritableError, as the first of them would that needs it.
    doctor, which shows what is missing, is never refused.
    """
    pinning = {name for name in programs if "cores" in specs_of(name)} - {DOCTOR}
    if not pinning:
        return
    cores, flags = choose_cores(settings.cores), cpu_flags()
    with locks.opened(settings.locks):
        pass
    if "quantize" in pinning:
        require_int8_kernels(flags)
    if "profile" in pinning:
        candidate_placements(settings, cores)
    if SWEEP in pinning:
        placements_of(settings, cores)
    if {"profile", SWEEP} & pinning:
        _require_cells(settings, cores, flags)
    if "train" in programs:  # else the backbone is that which train left
        memory.require_batch(settings.batch_size, settings.backbone)
    if REHEARSE in pinning and not has_amx(flags):
        require_vectors(flags)


def _require_cells(settings: Settings, cores: list[int], flags: frozenset[str]) -> None:
    require_quota(describe_host(cores))
    reasons = [*filter(None, (why_impossible(isa, flags) for isa in settings.isas))]
    if len(reasons) == len(settings.isas):
        raise no_cell_runs(reasons[0])
