"""oneDNN's log as a rehearsal keeps it: of the traced batch, without times, which mean nothing."""

import re
from collections.abc import Collection, Iterable, Iterator

from stages.common.onednn.log import FALLBACK_MESSAGE, PREFIX

NOT_KEPT = "-"
_TIME = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(r"[0-9]{10,}\.[0-9]+")


def traced_without_times(lines: Iterable[str], starts: Collection[float]) -> Iterator[str]:
    """Yield oneDNN's header, and of what ran the primitives that began at one of `starts`.

    In place of when each began and how long it ran stands `-`. Lines about INT8 that
    fell back are kept, from those words on; all others are left out.
    """
    for line in lines:
        text = line.rstrip("\n")
        fields = text.split(",")
        if not text.startswith(PREFIX):
            yield from [text[text.index(FALLBACK_MESSAGE) :]] if FALLBACK_MESSAGE in text else []
        elif "exec" not in fields[:5] or _start(fields) in starts:
            yield _without_times(fields)


def _start(fields: Iterable[str]) -> float:
    """Return when a primitive began, 0 if its line does not say."""
    return next((float(field) for field in fields if _TIMESTAMP.fullmatch(field)), 0.0)


def _without_times(fields: list[str]) -> str:
    kept = [NOT_KEPT if _TIMESTAMP.fullmatch(field) else field for field in fields]
    if "exec" in fields and _TIME.fullmatch(fields[-1]):
        kept[-1] = NOT_KEPT
    return ",".join(kept)
