"""Whether a CPU's name and its flags can be those of one machine.

A machine that shows AMX on a CPU that has none runs an emulator, or its record was edited: no
figure of it may pass for a measurement.
"""

import re
from collections.abc import Collection

from stages.records.cpu_generations import full_name, generation_of

AMX_PREFIX = "amx_"
# Vendors whose x86 CPUs have no AMX, by words in the names of their CPUs.
_OTHER_VENDORS = re.compile(r"\b(AMD|EPYC|Ryzen|Hygon|ZHAOXIN|VIA)\b", re.IGNORECASE)
# Intel's with a number of their generation: 1 to 3 of Xeon Scalable came before Sapphire Rapids, as
# did all that the names of these families stand for. The first with AMX, the fourth, has numbers
# such as 8480, and w9-3495X for workstations.
_XEON_SCALABLE = re.compile(
    r"Xeon\(R\) (Platinum|Gold|Silver|Bronze) [0-9][123][0-9]{2}", re.IGNORECASE
)
_OLDER_XEON = re.compile(r"Xeon\(R\)( CPU)? +(E[0-9]?-|D-|W-|[ELXW][0-9]{4})")
_NO_XEON = re.compile(r"\b(Atom|Celeron|Pentium)\(R\)|\bIntel\(R\) Core\(TM\)")


def contradiction(cpu_model: str, flags: Collection[str], identity: str = "") -> str:
    """Return why the CPU of this name and `cpu_id` can't have these flags, empty if it can.

    A name that a hypervisor made up, or that names no model, contradicts nothing; nor does an
    identity that is not known here.
    """
    shown = sorted(flag for flag in flags if flag.startswith(AMX_PREFIX))
    generation = generation_of(identity)
    lacks = generation is not None and not generation.has_amx
    if not shown or not (lacks or _has_no_amx(cpu_model)):
        return ""
    cpu, amx = full_name(cpu_model, identity), " ".join(shown)
    return f"{cpu} has no AMX, but the flags {amx}: it is emulated, or was edited"


def _has_no_amx(cpu_model: str) -> bool:
    forms = (_OTHER_VENDORS, _XEON_SCALABLE, _OLDER_XEON, _NO_XEON)
    return any(form.search(cpu_model) for form in forms)
