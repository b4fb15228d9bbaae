"""Reads ONEDNN_VERBOSE=1 logs, whose fields each log names itself in a `template:` line.

Formats seen: oneDNN 3.2 (`prim_template:`), 3.3 (`primitive,info,template:`), 3.7 (`v1`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

PREFIX = "onednn_verbose,"
FALLBACK_MESSAGE = "Unsupported INT8 pattern"
_TEMPLATE = re.compile(r"(?:primitive,info,template:|prim_template:)(.*)")
_SOURCE_TYPE = re.compile(r"\bsrc[_:](\w+?):")


@dataclass(frozen=True, slots=True)
class Execution:
    """One primitive that ran; `data_type` is its source's, `milliseconds` its own time.

    The time is 0 where the line was cut short before it.
    """

    primitive: str
    implementation: str
    data_type: str
    milliseconds: float


@dataclass(slots=True)
class OnednnLog:
    """What a log says: version and header isa, each primitive run, and int8 fallbacks."""

    version: str = ""
    isa_header: str = ""
    executions: list[Execution] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)


def parse_log(lines: Iterable[str]) -> OnednnLog:
    """Read a log; lines that are not oneDNN's are passed over."""
    log = OnednnLog()
    names: list[str] = []
    for line in lines:
        if FALLBACK_MESSAGE in line:
            log.fallbacks.append(line.strip())
        if not line.startswith(PREFIX):
            continue
        text = line.strip()
        if template := _TEMPLATE.search(text):
            names = template[1].split(",")
        elif "exec" in text.split(",")[:4] and ",graph,exec," not in text:
            _add_execution(log, names, text)
        else:
            _read_header(log, text)
    return log


def _read_header(log: OnednnLog, text: str) -> None:
    if ",info,oneDNN v" in text:
        log.version = text.split(",info,oneDNN v")[1]
    elif ",cpu,isa:" in text:
        log.isa_header = text.split(",cpu,isa:")[1]


def _add_execution(log: OnednnLog, names: list[str], text: str) -> None:
    # The template's first name, `operation`, stands for `exec` itself.
    parts = text.split(",")
    fields = dict(zip(names, parts[parts.index("exec") :], strict=False))
    if "attributes" not in fields:
        return
    source = _SOURCE_TYPE.search(fields["memory_descriptors"])
    log.executions.append(
        Execution(
            primitive=fields["primitive"],
            implementation=fields["implementation"],
            data_type=source[1] if source else "undef",
            milliseconds=float(fields.get("exec_time", 0)),
        )
    )
