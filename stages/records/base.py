"""What records share: their version, where data came from, the machine.

A field's unit is in its name. SCHEMA_VERSION goes up whenever a reader of an older file would
misread it; history: 1, first form; 2, quantize.json with recipes and variants, runtimes;
3, measurements.json in rounds with intervals; 4, quantize.json without the test split; 5, all
samples that a figure follows from; 6, reasons as data, the project's version, no effective_isa; 7,
when and by which source and packages it was made, on which type of machine, settings as they are,
what disturbed each turn and which turns count.
"""

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from msgspec import Meta

from stages.records.fields import (
    END,
    ClassIndex,
    Core,
    Count,
    Moment,
    Seconds,
    Sha256,
    Size,
    doc,
    doc_of_added,
)

SCHEMA_VERSION = 7
# What a machine does not show of itself.
UNKNOWN = "unknown"
# With fewer rounds, the interval of their median is narrow only because there are few data.
MIN_ROUNDS = 5
# A setting as JSON has it: a switch, a number, a text, or a list of them.
Setting: TypeAlias = bool | int | float | str | list[int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a record."""

    version: Annotated[
        str, doc("Version of the project, such as 0.1.0; empty if it was not recorded.")
    ] = ""
    image: Annotated[
        str,
        doc(
            "Digest of the configuration of the image that the program ran in, as sha256:...; "
            "empty if it ran outside an image, or its image was not named."
        ),
    ] = ""
    made: Annotated[
        Moment,
        doc("When it was made, in UTC, such as 2026-11-26T17:24:05Z; empty if not recorded."),
    ] = ""
    source: Annotated[
        str,
        Meta(pattern=f"^([0-9a-f]{{64}})?{END}"),
        doc(
            "sha256 of the program's source, the same in an image and in a checkout; empty if it "
            "was not recorded."
        ),
    ] = ""
    packages: Annotated[
        dict[str, str],
        doc("Versions of Python and of the packages that the program works with, by name."),
    ] = field(default_factory=dict)
    settings: Annotated[
        dict[str, Setting],
        doc("Every setting that the outcome may depend on, without secrets, as a value of JSON."),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Base of all records."""

    schema_version: Annotated[
        int,
        Meta(ge=SCHEMA_VERSION, le=SCHEMA_VERSION),
        doc("Version of the records' form; a file of another version is refused."),
    ] = SCHEMA_VERSION
    maker: Annotated[Provenance, doc("What made the record.")] = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where data or a backbone came from."""

    name: Annotated[
        str,
        doc(
            "As it was asked for: embedded, beans, the name of a data set, imagenet, or a TF Hub "
            "handle; of a path, given/ and its last part, as what is before that may name a user."
        ),
    ]
    sha256: Annotated[
        Sha256,
        doc(
            "sha256 of the content: all images and labels, or all files of the backbone or "
            "the model that was given."
        ),
    ]
    origin: Annotated[str, doc("For people: who published it, or how the project made it.")]
    whole: Annotated[
        bool,
        doc_of_added(
            "True if it is a whole classifier as its user gave it, of which nothing was trained."
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95% interval, in the unit of the field that has it.

    Fewer than 5 rounds make none: then it is what they span.
    """

    estimate: Annotated[float, Meta(ge=0), doc("The figure itself.")]
    low: Annotated[float, Meta(ge=0), doc("Lower end; with a single round, the figure itself.")]
    high: Annotated[float, Meta(ge=0), doc("Upper end; with a single round, the figure itself.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """How a machine's CPUs are built, as far as they are switched on."""

    sockets: Annotated[Size, doc("Processor sockets.")]
    physical_cores: Annotated[Size, doc("Physical cores of all sockets.")]
    threads_per_core: Annotated[
        float,
        Meta(ge=1),
        doc("Logical CPUs per physical core; not a whole number if some are off."),
    ]
    numa_nodes: Annotated[Count, doc("Memory nodes; 0 if the kernel shows none.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that something was measured on."""

    cpu_model: Annotated[str, doc("Name that the CPU gives itself, unknown if it gives none.")]
    cpu_flags: Annotated[
        list[str], doc("Features of the CPU, as /proc/cpuinfo names them, sorted.")
    ]
    microcode: Annotated[str, doc("Version of the CPU's microcode, unknown if it is not shown.")]
    machine: Annotated[
        str, doc("Vendor and product as the firmware names them, unknown if it does not.")
    ]
    machine_type: Annotated[
        str,
        doc(
            "What the cloud calls the type of the machine, such as m7i.xlarge, by its firmware or "
            "by what cloud-init keeps; unknown if no file shows it."
        ),
    ]
    kernel: Annotated[str, doc("Release of the Linux kernel.")]
    boot_id: Annotated[
        str, doc("What the kernel calls the time since it started; unknown if it is not shown.")
    ]
    hypervisor: Annotated[bool, doc("True if the CPU says that this is a virtual machine.")]
    hypervisor_vendor: Annotated[
        str | None, doc("Vendor of the hypervisor; null if there is none, or it does not say.")
    ]
    container: Annotated[bool, doc("True if the program ran in a container.")]
    topology: Annotated[Topology, doc("Sockets, cores, threads and memory nodes.")]
    memory_gib: Annotated[float, Meta(ge=0), doc("Memory of the machine in GiB.")]
    memory_limit_gib: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        doc("Memory in GiB that the program may use; null if that is all."),
    ]
    cpu_quota: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        doc("Number of CPUs whose time the program may use; null if that is not limited."),
    ]
    governor: Annotated[
        str,
        doc("What sets the pinned cores' frequency, such as performance; unknown if not shown."),
    ]
    huge_pages: Annotated[
        str,
        doc("When memory comes in transparent huge pages: always, madvise, never, or unknown."),
    ]
    cores_allowed: Annotated[list[Core], doc("Logical CPUs that the program may run on.")]
    cores_pinned: Annotated[list[Core], doc("Logical CPUs that were measured on.")]
    numa_nodes: Annotated[
        list[Count], doc("Memory nodes of the pinned cores; empty if the kernel shows none.")
    ]
    versions: Annotated[
        dict[str, str], doc("Versions of Python and of the packages that run models, by name.")
    ]
    cpu_id: Annotated[
        str,
        Meta(pattern=f"^((GenuineIntel|AuthenticAMD)(-[0-9]{{1,3}}){{3}})?{END}"),
        doc_of_added(
            "Vendor, family, model and stepping of the CPU, such as GenuineIntel-6-207-2; empty if "
            "it is not shown."
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRecord(Record):
    """Base of the records of what was timed on a machine, on the test split."""

    train_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the train folder used.")]
    data: Annotated[Source, doc("Where the images came from.")]
    backbone: Annotated[Source, doc("Where the frozen layers came from.")]
    host: Annotated[Host, doc("The machine that was measured on.")]
    labels: Annotated[list[ClassIndex], doc("True class index of each image of the test split.")]
    seconds: Annotated[Seconds, doc("How long it took, in seconds.")]
