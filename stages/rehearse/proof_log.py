"""oneDNN's log as a rehearsal keeps it: without times, which mean nothing under emulation."""

import re
from collections.abc import Iterable, Iterator

from stages.common.onednn.log import FALLBACK_MESSAGE, PREFIX

NOT_KEPT = "-"
_TIME = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(r"[0-9]{10,}\.[0-9]+")


def without_times(lines: Iterable[str]) -> Iterator[str]:
    """Yield oneDNN's own lines, with `-` in place of when a primitive began and how long it ran.

    Of other lines, those about INT8 that fell back are kept, from those words on.
    """
    for line in lines:
        text = line.rstrip("\n")
        if text.startswith(PREFIX):
            yield _without(text)
        elif FALLBACK_MESSAGE in text:
            yield text[text.index(FALLBACK_MESSAGE) :]


def _without(text: str) -> str:
    fields = [NOT_KEPT if _TIMESTAMP.fullmatch(field) else field for field in text.split(",")]
    if "exec" in fields and _TIME.fullmatch(fields[-1]):
        fields[-1] = NOT_KEPT
    return ",".join(fields)
