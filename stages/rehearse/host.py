"""Whether a rehearsal may run here: on a CPU with AVX-512 VNNI, and without AMX."""

from collections.abc import Callable

from stages.common.host.amx_probe import why_no_tiles
from stages.errors import HostError
from stages.isa import AMX, get_isa, missing_flags
from stages.precisions import get_precision
from stages.records.rehearse import LeftOut

INT8_ISA = "AVX512_CORE_VNNI"
NOTHING_TO_DO = (
    "rehearse: this CPU has AMX, and tiles work: nothing needs rehearsing; `invoke profile` "
    "measures it"
)


def has_amx(flags: frozenset[str], why_not: Callable[[], str | None] = why_no_tiles) -> bool:
    """Return whether the real AMX works here.

    Raises HostError if the CPU shows AMX and tiles don't work: an emulator steps aside there.
    """
    if not flags & {*get_isa(AMX).flags}:
        return False
    reason = f"no {' '.join(lacking)} flag" if (lacking := _lacking_of_amx(flags)) else why_not()
    if reason:
        raise HostError(
            f"this CPU shows AMX, but it does not work ({reason}), and on such a CPU it can't be "
            "emulated either; rehearse on one without AMX"
        )
    return True


def _lacking_of_amx(flags: frozenset[str]) -> list[str]:
    return [flag for flag in get_isa(AMX).flags if flag not in flags]


def require_vectors(flags: frozenset[str]) -> None:
    """Raise HostError if the CPU lacks what stands in for tiles."""
    if missing := missing_flags(INT8_ISA, flags):
        raise HostError(
            f"this CPU has no {' '.join(missing)}, by which AMX is emulated; rehearse on one that "
            "has AVX-512 with VNNI, such as a Xeon from 2019 on or an EPYC from 2022 on"
        )


def compared_isa(precision: str) -> str:
    """Return the cap that a precision's AMX cell is compared with: the highest without tiles."""
    return INT8_ISA if precision == "int8" else get_precision(precision).lowest_native_isa


def why_impossible(precision: str, flags: frozenset[str]) -> str:
    """Return why a precision can't be compared natively on this CPU, empty if it can."""
    missing = missing_flags(compared_isa(precision), flags)
    return f"this CPU has no {' '.join(missing)} to compare it with" if missing else ""


def left_out_of(runtime: str, precision: str, reason: str) -> LeftOut:
    """Return the record of a cell that is not rehearsed."""
    return LeftOut(runtime=runtime, precision=precision, reason=reason)
