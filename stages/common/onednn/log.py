"""Read ONEDNN_VERBOSE=1 logs, each of which names its own fields in a `template:` line.

Formats seen: oneDNN 3.2 (`prim_template:`), 3.3 (`primitive,info,template:`), 3.7 (`v1`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stages.errors import ProofError
from stages.setting.suggestion import quoted

PREFIX = "onednn_verbose,"
# A trace's clock and that of a log with timestamps differ by less than this.
TOLERANCE_MS = 0.003
FALLBACK_MESSAGE = "Unsupported INT8 pattern"
# What a line must say, by the names of its template; without them nothing is proven.
NEEDED = ("primitive", "implementation", "memory_descriptors", "attributes")
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?")
_TEMPLATE = re.compile(r"(?:primitive,info,template:|prim_template:)(.*)")
# An eltwise primitive has one memory, `data`, for both.
_SOURCE_TYPE = re.compile(r"\b(?:src|data)[_:](\w+?):")
_DESTINATION_TYPE = re.compile(r"\b(?:dst|data)[_:](\w+?):")


@dataclass(frozen=True, slots=True)
class Execution:
    """One primitive that ran; `data_type` is its source's, `milliseconds` its own time.

    The time is 0 if the line was cut short before it; `start_ms`, since the epoch, is 0 in a log
    without timestamps. `problem` is its dimensions, as oneDNN writes them.
    """

    primitive: str
    implementation: str
    data_type: str
    milliseconds: float
    destination_type: str = "undef"
    problem: str = ""
    start_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Partition:
    """Ops of a graph that oneDNN ran as one; `start_ms` is since the epoch."""

    start_ms: float
    ops: tuple[str, ...]


@dataclass(slots=True)
class OnednnLog:
    """What a log says: oneDNN's version, the ISA in its header, what ran, and INT8 fallbacks."""

    version: str = ""
    isa_header: str = ""
    executions: list[Execution] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)


def parse_log(lines: Iterable[str]) -> OnednnLog:
    """Return what a log says; lines that are not oneDNN's, or were cut short, are passed over.

    Raises ProofError if a template lacks a name that is needed here.
    """
    log = OnednnLog()
    names: list[str] = []
    for line in lines:
        if FALLBACK_MESSAGE in line:
            log.fallbacks.append(line.strip())
        if not line.startswith(PREFIX):
            continue
        text = line.strip()
        if template := _TEMPLATE.search(text):
            names = _names(template[1])
        elif ",graph,exec," in text:
            _add_partition(log, text)
        elif "exec" in text.split(",")[:5]:
            _add_execution(log, names, text)
        else:
            _read_header(log, text)
    return log


def _names(template: str) -> list[str]:
    names = [name for name in template.split(",") if name != "timestamp"]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise ProofError(
            f"oneDNN's log has lines of the form {quoted(template)}, without "
            f"{' and '.join(missing)}; this version of oneDNN can't be judged: use the locked one"
        )
    return names


def _read_header(log: OnednnLog, text: str) -> None:
    if ",info,oneDNN v" in text:
        log.version = text.split(",info,oneDNN v")[1]
    elif ",cpu,isa:" in text:
        log.isa_header = text.split(",cpu,isa:")[1]


def _add_partition(log: OnednnLog, text: str) -> None:
    before, after = _around_exec(text)
    if len(after) > 3:
        log.partitions.append(Partition(_timestamp(before), tuple(after[3].split(";"))))


def _add_execution(log: OnednnLog, names: list[str], text: str) -> None:
    before, after = _around_exec(text)
    # The template's first name, `operation`, stands for `exec` itself.
    fields = dict(zip(names, ["exec", *after], strict=False))
    if not fields.keys() >= {*NEEDED}:
        return
    memory = fields["memory_descriptors"]
    source, destination = _SOURCE_TYPE.search(memory), _DESTINATION_TYPE.search(memory)
    log.executions.append(
        Execution(
            primitive=fields["primitive"],
            implementation=fields["implementation"],
            data_type=source[1] if source else "undef",
            milliseconds=_number(fields.get("exec_time", "")),
            destination_type=destination[1] if destination else "undef",
            problem=fields.get("problem_desc", ""),
            start_ms=_timestamp(before),
        )
    )


def _around_exec(text: str) -> tuple[list[str], list[str]]:
    """Return the fields before and after `exec`."""
    fields = text.split(",")
    position = fields.index("exec")
    return fields[:position], fields[position + 1 :]


def _timestamp(before: list[str]) -> float:
    """Return the one number among the fields before `exec`, 0 if there is none."""
    return next(filter(None, map(_number, before)), 0.0)


def _number(text: str) -> float:
    """Return the number that a field consists of, 0 if it is none: its line was cut short."""
    return float(text) if _NUMBER.fullmatch(text) else 0.0
