"""Whether a run has enough memory, by what is there and what it will load."""

from collections.abc import Sequence

from stages.artifacts import Artifacts, read_record
from stages.common.host.facts import cpu_flags
from stages.common.host.memory import GIB, LIMIT, available, is_limited, raise_limit
from stages.doctor.checks import NO, NOTE, OK, Check
from stages.errors import HostError, PinningError, StageError
from stages.precisions import PRECISIONS
from stages.profile.layouts import Placement, candidate_placements
from stages.profile.memory_plan import candidates_that_fit, expected_plan
from stages.profile.plan import PlannedCell, missing_models, plan_cells
from stages.quantize.memory_plan import least_needed, most_needed
from stages.quantize.variants import why_not_converted
from stages.records.quantize import QuantizeRecord
from stages.settings import Settings, recorded_settings


def check_memory(settings: Settings, cores: Sequence[int], limit: int | None = None) -> Check:
    """Return whether all cells that can run fit into memory side by side, as profile will ask.

    That is of VGG19; what another network takes is not known. `limit` is the bytes that a container
    will have, None without one.
    """
    left = min((it for it in (available(), limit) if it is not None), default=None)
    if left is None:
        return Check("memory", NOTE, "not shown here")
    cells = plan_cells(settings, cpu_flags(), known_missing(settings))
    possible = [cell for cell in cells if cell.impossible is None]
    try:
        needed = _needed(settings, possible, candidate_placements(settings, cores), left)
    except PinningError as error:
        return Check("memory", NO, str(error))
    except HostError as error:
        return Check("memory", NO, f"{error}{_allowed(left, limit)}")
    shown = f"{left / GIB:.1f} GiB available; {needed}"
    least, most = least_needed(settings), most_needed(settings, cpu_flags())
    if least > left:
        bound = _allowed(left, limit, least)
        return Check("memory", NOTE, f"{shown}, but quantize needs about {least / GIB:.1f}{bound}")
    if most > left:
        slower = f"quantize is slower below {most / GIB:.1f}, as models load for each turn"
        return Check("memory", NOTE, f"{shown}; {slower}")
    return Check("memory", OK, shown)


def _allowed(left: int, limit: int | None, needed: int = 0) -> str:
    """Return that a limit is what bounds it, else nothing: a container's to come, or this one's."""
    if left == limit:
        return f"; {LIMIT} allows {left / GIB:.1f} GiB"
    return f"; its memory limit allows no more: {raise_limit()}" if is_limited(needed) else ""


def known_missing(settings: Settings) -> dict[str, str]:
    """Return the precisions that quantize made no model for, or would make none, with the reason.

    What it did with other settings says nothing.
    """
    folder = Artifacts(settings.artifacts).quantize(settings.runtime)
    try:
        record = read_record(folder.record, QuantizeRecord)
        if record.maker.settings == recorded_settings(settings, "quantize"):
            return missing_models(record)
    except StageError:
        pass
    flags = cpu_flags()
    found = {it.name: why_not_converted(it, settings, flags) for it in PRECISIONS}
    return {name: why for name, why in found.items() if why}


def _needed(
    settings: Settings,
    possible: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    left: int,
) -> str:
    """Return what a run needs of the bytes `left`; HostError if it does not fit."""
    fitting = candidates_that_fit(settings, possible, candidates, left)
    plan = expected_plan(settings, possible, max(map(len, fitting)), left)
    needed = f"{plan.processes} processes need about {plan.needed / GIB:.1f}"
    groups = len(plan.groups)
    return needed if groups <= 1 else f"in {groups} groups of cells, at most {needed}"
