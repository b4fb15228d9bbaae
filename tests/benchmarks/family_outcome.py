"""What the records of a run say of one model, and the table of several: see families.py."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any, TypeVar

from stages.artifacts import Artifacts, read_record
from stages.common.stats import interval
from stages.common.text import aligned, times
from stages.peers.ratios import paired
from stages.peers.table import NAMES
from stages.precisions import FP32, INT8
from stages.quantize.report import OF_CALL, slow_ops_line
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row
from stages.records.fields import PEERS
from stages.records.peers import PeersRecord
from stages.records.quantize import Layer, QuantizeRecord
from stages.runtimes import RUNTIME_NAMES

OURS, OPENVINO = RUNTIME_NAMES[0], PEERS[0]
BATCH_SIZE = 8
# Below this ratio to OpenVINO what took the time is listed, of layers no more than these.
MIN_RATIO, MAX_LAYERS = 0.9, 6
NOTHING = "-"
PARTS = ("slower_kernels", "pooling", "reorders", "other", "framework")
HEAD = (
    *("family", "top-1 FP32", "INT8", "bound", "ops in INT8", "INT8/FP32"),
    *(NAMES[peer] for peer in PEERS),
    f"{OURS}/OpenVINO",
)
LEGEND = f"""\
top-1          on the test split; bound: whether INT8 keeps its loss on validation within it
INT8/FP32      images/s at batches of {BATCH_SIZE}, with 95% intervals: by {OURS}, then by each peer
{OURS}/OpenVINO  the same of the two in INT8, with the lowest and the highest round"""
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a family; a record is None if its task did not come to write it.

    `refusals` are the lines in which tasks that failed say why; `is_bound_met` is whether INT8 kept
    the bound that a user would have.
    """

    family: str
    refusals: list[str]
    is_bound_met: bool
    quantize: QuantizeRecord | None
    compare: CompareRecord | None
    peers: PeersRecord | None

    @classmethod
    def of(cls, family: str, root: Path, refusals: list[str], *, is_bound_met: bool) -> "Outcome":
        """Return it with the records that the artifacts folder `root` has."""
        artifacts = Artifacts(root)
        return cls(
            family,
            refusals,
            is_bound_met,
            _read(artifacts.quantize(OURS).record, QuantizeRecord),
            _read(artifacts.compare.record, CompareRecord),
            _read(artifacts.peers.record, PeersRecord),
        )

    def row(self, precision: str) -> Row | None:
        """Return our row of a precision in compare's table."""
        rows = self.compare.rows if self.compare else []
        return next((row for row in rows if row.precision == precision), None)

    def ratios(self) -> dict[str, Interval]:
        """Return INT8's images/s over FP32's, by ours and by each peer that ran both."""
        int8 = self.row(INT8)
        own = {OURS: int8.precision_speedup} if int8 and int8.precision_speedup else {}
        return own | {
            peer: interval(paired(ran[INT8], ran[FP32]))
            for peer in PEERS
            if {INT8, FP32} <= (ran := self._batches(peer)).keys()
        }

    def beside(self) -> Interval | None:
        """Return our INT8 over OpenVINO's, with the lowest and the highest round."""
        for ratio in self.peers.ratios if self.peers else []:
            key = (ratio.backend, ratio.precision, ratio.peer, ratio.batch_size)
            if key == (OURS, INT8, OPENVINO, BATCH_SIZE):
                return Interval(estimate=ratio.median, low=ratio.lowest, high=ratio.highest)
        return None

    def slowest(self) -> list[Layer]:
        """Return the primitives of INT8 that take most of its time, the costliest first."""
        layers = self.quantize.variant(INT8).layers if self.quantize else []
        return sorted(layers or [], key=lambda layer: -layer.milliseconds)[:MAX_LAYERS]

    def parts(self) -> dict[str, float]:
        """Return what INT8 spends its time on but its best kernels, as fractions of its time."""
        limits = self.compare.limits if self.compare else []
        return {
            name: getattr(limit, name)
            for limit in limits
            if limit.precision == INT8
            for name in PARTS
        }

    def as_json(self) -> dict[str, Any]:
        """Return the figures of the table, and those below it."""
        top1 = {name: row.accuracy_top1 for name in (FP32, INT8) if (row := self.row(name))}
        beside = self.beside()
        return {
            "family": self.family,
            "refusals": self.refusals,
            "is_bound_met": self.is_bound_met,
            "top1": top1,
            "ratios": {name: asdict(ratio) for name, ratio in self.ratios().items()},
            "beside_openvino": asdict(beside) if beside else None,
            "held_back": slow_ops_line(self.quantize) if self.quantize else "",
            "parts": self.parts(),
            "slowest": [asdict(layer) for layer in self.slowest()],
        }

    def _batches(self, backend: str) -> dict[str, list[list[float]]]:
        """Return the seconds of each batch that a backend took, by round, by precision."""
        return {
            contender.precision: figures.batch_seconds
            for contender in (self.peers.contenders if self.peers else [])
            if contender.backend == backend
            for figures in contender.figures
            if figures.batch_size == BATCH_SIZE
        }


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a row for each family, what its records say beyond that, and the mean."""
    blocks = [aligned([HEAD, *map(_row, outcomes)]), LEGEND]
    blocks += ["\n".join(lines) for outcome in outcomes if (lines := [*_notes(outcome)])]
    if ratios := [beside.estimate for outcome in outcomes if (beside := outcome.beside())]:
        mean = f"{geometric_mean(ratios):.2f}x, the geometric mean of {len(ratios)}"
        blocks.append(f"{OURS}/OpenVINO in INT8: {mean}")
    return "\n\n".join(blocks)


def _read(path: Path, kind: type[RecordT]) -> RecordT | None:
    return read_record(path, kind) if path.exists() else None


def _row(outcome: Outcome) -> tuple[str, ...]:
    ratios, beside = outcome.ratios(), outcome.beside()
    top1 = [f"{row.accuracy_top1:.1%}" if row else NOTHING for row in _rows(outcome)]
    quantized = outcome.quantize
    count = len(quantized.int8_ops) + len(quantized.fp32_ops) if quantized else 0
    met = "met" if quantized else NOTHING
    return (
        *(outcome.family, *top1, met if outcome.is_bound_met else "not met"),
        f"{len(quantized.int8_ops)} of {count}" if quantized else NOTHING,
        *(_in_words(ratios.get(name)) for name in (OURS, *PEERS)),
        _in_words(beside),
    )


def _rows(outcome: Outcome) -> list[Row | None]:
    return [outcome.row(FP32), outcome.row(INT8)]


def _in_words(ratio: Interval | None) -> str:
    return times(ratio, once=False) if ratio else NOTHING


def _notes(outcome: Outcome) -> Iterator[str]:
    """Yield what failed, what is not in INT8 and why, and what took the time if it was much."""
    for line in outcome.refusals:
        yield f"{outcome.family}: {line}"
    if outcome.quantize and (line := slow_ops_line(outcome.quantize)):
        yield f"{outcome.family}: {line}"
    for contender in outcome.peers.contenders if outcome.peers else []:
        if contender.missing and contender.backend in PEERS and contender.precision in (FP32, INT8):
            named = f"{contender.backend} {contender.precision}"
            yield f"{outcome.family}: peers: {named}: {contender.missing}"
    beside = outcome.beside()
    if beside and beside.estimate < MIN_RATIO:
        yield from _where_time_goes(outcome)


def _where_time_goes(outcome: Outcome) -> Iterator[str]:
    """Yield our INT8's time by kind and by layer: of OpenVINO's layers no record has anything."""
    for name, part in outcome.parts().items():
        yield f"{outcome.family}: {name.replace('_', ' ')} took {part:.1%} of INT8's time"
    yield f"{outcome.family}: the costliest layers of INT8:"
    rows = [
        (f"  {layer.op.removeprefix(OF_CALL)}", f"{layer.milliseconds:.2f} ms", *_kernel(layer))
        for layer in outcome.slowest()
    ]
    yield aligned(rows)


def _kernel(layer: Layer) -> tuple[str, str, str]:
    types = f"{layer.source_type} to {layer.destination_type}"
    return f"{layer.share:.1%}", f"{layer.primitive} {layer.implementation}", types
