"""What records share: their version, where data came from, the machine.

A field's unit is in its name. SCHEMA_VERSION goes up whenever a reader of an older file would
misread it; history: 1, first form; 2, quantize.json with recipes and variants, runtimes;
3, measurements.json in rounds with intervals.
"""

from dataclasses import dataclass

SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Base of all records."""

    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where data or a backbone came from: its name, the sha256 of its content, its origin."""

    name: str
    sha256: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95% interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine a measurement ran on."""

    cpu_model: str
    cpu_flags: list[str]
    microcode: str
    kernel: str
    hypervisor: bool
    memory_gib: float
    cores_pinned: list[int]
    versions: dict[str, str]
