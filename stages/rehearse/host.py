"""Whether a rehearsal may run here: on a CPU with AVX-512 VNNI and BF16, and without AMX."""

from collections.abc import Callable

from stages.common.host.amx_probe import why_no_tiles
from stages.errors import HostError
from stages.isa import AMX, AMX_STAND_IN, get_isa, missing_flags, rank
from stages.precisions import get_precision

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
    """Raise HostError if the CPU lacks what stands in for tiles, or what oneDNN asks beside them.

    Its kernels for AMX, those for INT8 too, are taken only where BF16 is.
    """
    if missing := missing_flags(AMX_STAND_IN, flags):
        raise HostError(
            f"this CPU has no {' '.join(missing)}, without which AMX can't be emulated for oneDNN; "
            "rehearse on one that has AVX-512 with VNNI and BF16, such as an EPYC 9004 (Zen 4)"
        )


def compared_isa(precision: str) -> str:
    """Return the cap that a precision's AMX cell is compared with: the lowest that is made for it.

    Those between it and AMX run the same kernels.
    """
    asked = get_precision(precision)
    return max(asked.lowest_exact_isa, asked.lowest_native_isa, key=rank)
