"""Which start of the machine this is."""

import re
from pathlib import Path

from stages.common.host.kernel_text import text_of
from stages.records.base import UNKNOWN

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def boot_id(path: Path = BOOT_ID) -> str:
    """Return what the kernel calls this start of the machine by, unknown if it does not show it.

    A container shows that of its machine.
    """
    text = text_of(path)
    return text if _UUID.fullmatch(text) else UNKNOWN
