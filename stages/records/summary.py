"""The table of results for people's own tools: its columns, whatever kind of file it is written to.

A row is a cell of a machine: one precision at one cap, by one runtime.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

# What a value is. A moment is a time in UTC, to the second, as records have it.
Kind: TypeAlias = Literal["text", "count", "number", "truth", "moment"]
# None is what is not known, or does not exist.
Value: TypeAlias = str | int | float | bool | None
SummaryRow: TypeAlias = Mapping[str, Value]

OK, INVALID, NOT_TRUSTED, NOT_RUN = STATUSES = ("ok", "invalid", "not_trusted", "not_run")
LOW, HIGH = "_low", "_high"
OF_ROUNDS = "95% interval over the rounds; fewer than 5 make none: of what they span"
# What parts the reasons of a row.
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its name, what its values are, what they mean, and their unit."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


def _with_interval(
    name: str, meaning: str, unit: str, interval: str = OF_ROUNDS
) -> Iterator[Column]:
    yield Column(name, "number", meaning, unit)
    yield Column(name + LOW, "number", f"lower end of its {interval}", unit)
    yield Column(name + HIGH, "number", f"upper end of its {interval}", unit)


COLUMNS = (
    Column(
        "machine",
        "text",
        "the machine: as it was named, else the type that its cloud names, else vendor and product "
        "as its firmware has them; beside others, and where it is published, else the name of the "
        "folder or bundle",
    ),
    Column("machine_type", "text", "what its cloud calls its type"),
    Column("cpu", "text", "the CPU's name, with its generation if that is known"),
    Column("cpus_pinned", "count", "logical CPUs that were measured on", "CPUs"),
    Column("runtime", "text", "which TensorFlow ran the model"),
    Column("isa_cap", "text", "the highest instruction set that oneDNN might use"),
    Column("precision", "text", "what the model ran in"),
    Column("instances", "count", "processes that held the model", "processes"),
    Column("cores_per_instance", "count", "cores that each of them had to itself", "cores"),
    Column("batch_size_images", "count", "images of a batch, for the throughput", "images"),
    Column("rounds", "count", "rounds that count, for the throughput", "rounds"),
    *_with_interval(
        "throughput_images_per_s", "images per second in the median round, in batches", "images/s"
    ),
    *_with_interval("latency_p50_ms", "median latency of one image at a time", "ms"),
    Column("latency_p90_ms", "number", "latency that 90% of these kept; it takes 20 of them", "ms"),
    Column("latency_p99_ms", "number", "that 99% of them kept; it takes 200 of them", "ms"),
    Column(
        "server_queries_per_s",
        "number",
        "highest rate of queries within the latency bound, if one was given",
        "queries/s",
    ),
    *_with_interval(
        "top1_fraction",
        "fraction of the test split with the right class, from 0 to 1",
        "1",
        "exact 95% interval",
    ),
    Column(
        "top1_loss_fraction",
        "number",
        "top-1 lost relative to FP32's at the same cap; below 0 if it is better",
        "1",
    ),
    Column(
        "top1_loss_p",
        "number",
        "how likely chance alone makes as much of a difference, by McNemar's exact test",
        "1",
    ),
    Column(
        "agreement_fp32_fraction",
        "number",
        "fraction of the images to which FP32 at the highest cap gives the same class",
        "1",
    ),
    *_with_interval("precision_speedup", "images per second over FP32's at the same cap", "1"),
    *_with_interval(
        "isa_speedup",
        "images per second over those of the same precision at AVX512_CORE, or at the lowest cap "
        "that was measured if that was not",
        "1",
    ),
    Column(
        "in_groups",
        "truth",
        "true if memory did not hold all cells of the run at once: two figures of it then need not "
        "divide to their ratio; empty if there is no figure",
    ),
    Column(
        "status",
        "text",
        "ok; invalid: a figure of the row can't be relied on; not_trusted: the run can't; not_run: "
        "there is no figure",
    ),
    Column("reasons", "text", "why it is not ok, empty if it is"),
    Column("valid", "truth", "true if no figure of the row is in doubt; empty if there is none"),
    Column("run_trusted", "truth", "true if the run as a whole can be relied on"),
    Column(
        "verdict",
        "text",
        "how the cell ran: native; same-as CAP: by the kernels of a lower cap, whose figures it "
        "has; emulated",
    ),
    Column("kernel", "text", "the oneDNN kernel that took the most of the multiplying time"),
    Column("measured_utc", "moment", "when it was measured, or its last rounds were, in UTC"),
    Column("version", "text", "version of this project that measured it"),
    Column("source_sha256", "text", "sha256 of the source that measured it"),
    Column("model", "text", "the backbone, or the whole model, by its name"),
    Column("backbone_sha256", "text", "sha256 of its files"),
    Column("data", "text", "the images, by the name of their set"),
    Column("data_sha256", "text", "sha256 of all images and labels"),
    Column(
        "measurement_sha256",
        "text",
        "sha256 of the SHA256SUMS of the profile folder: the same for all rows of a measurement, "
        "wherever it is copied to",
    ),
    Column("bundle_sha256", "text", "sha256 of the bundle that it was read from, empty if none"),
)
NAMES = tuple(column.name for column in COLUMNS)
