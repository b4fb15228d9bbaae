"""What records share: their version, where data came from, the machine.

A field's unit is in its name. SCHEMA_VERSION goes up whenever a reader of an older file would
misread it; history: 1, first form; 2, quantize.json with recipes and variants, runtimes;
3, measurements.json in rounds with intervals; 4, quantize.json without the test split; 5, all
samples that a figure follows from.
"""

from dataclasses import dataclass, field

SCHEMA_VERSION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a record: the config digest of its image, empty where whoever started the program
    told none, and all settings that the program reads, as text.
    """

    image: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Base of all records."""

    schema_version: int = SCHEMA_VERSION
    maker: Provenance = field(default_factory=Provenance)


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
class Topology:
    """How a machine's CPUs are built, as far as they are switched on."""

    sockets: int
    physical_cores: int
    threads_per_core: float
    numa_nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine a measurement ran on.

    `machine` is its maker's name for it, `hypervisor_vendor` None where it tells none. `container`
    tells whether this ran in one; `memory_limit_gib` and `cpu_quota`, in CPUs, are what it may
    use, None where that is all; `cores_allowed` is its cpuset. `governor` is what sets the
    frequency, `huge_pages` when memory comes in them. `numa_nodes` are those of the pinned cores.
    """

    cpu_model: str
    cpu_flags: list[str]
    microcode: str
    machine: str
    kernel: str
    hypervisor: bool
    hypervisor_vendor: str | None
    container: bool
    topology: Topology
    memory_gib: float
    memory_limit_gib: float | None
    cpu_quota: float | None
    governor: str
    huge_pages: str
    cores_allowed: list[int]
    cores_pinned: list[int]
    numa_nodes: list[int]
    versions: dict[str, str]
