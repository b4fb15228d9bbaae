"""Time per layer of FP32 and INT8: the multiplying primitives of one inference, one by one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.headline import cap_of
from stages.common.summaries import top_isa
from stages.compare.inputs import RuntimeProfile
from stages.precisions import FP32, INT8
from stages.records.measure import Primitive
from stages.records.profile import ProfileRecord

MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """A layer in one precision: milliseconds of a batch, kernel, type of its input."""

    milliseconds: float
    kernel: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, or a group of primitives that multiply nothing, in FP32 and in INT8.

    `operations` are multiplications and additions of a batch, 0 for a group. A side is None if it
    has nothing of the kind.
    """

    name: str
    operations: int
    fp32: Side | None
    int8: Side | None

    @property
    def times(self) -> float | None:
        """How many times as fast INT8 is; None if that is not known."""
        if not self.fp32 or not self.int8 or not self.int8.milliseconds:
            return None
        return self.fp32.milliseconds / self.int8.milliseconds


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a runtime at a cap. `unlike` says why they could not be paired, else empty."""

    runtime: str
    isa: str
    layers: Sequence[Layer]
    unlike: str = ""


def layers_of(profile: RuntimeProfile) -> Layers | None:
    """Return FP32 beside INT8 at the highest cap of both; None unless both were traced."""
    record, isa = profile.record, top_isa(profile.record)
    if isa is None:
        return None
    fp32, int8 = (_primitives(record, precision, isa) for precision in (FP32, INT8))
    if not fp32 or not int8:
        return None
    cap = cap_of(profile.summaries)
    ours, theirs = ([it for it in side if it.operations] for side in (fp32, int8))
    if [it.operations for it in ours] != [it.operations for it in theirs]:
        return Layers(profile.runtime, cap, [], "FP32 and INT8 ran unlike numbers of layers")
    pairs = enumerate(zip(ours, theirs, strict=True), 1)
    paired = [
        Layer(f"{number} {_kind(one)}", one.operations, _side(one), _side(other))
        for number, (one, other) in pairs
    ]
    return Layers(profile.runtime, cap, [*paired, *_groups(fp32, int8)])


def _primitives(record: ProfileRecord, precision: str, isa: str) -> Sequence[Primitive]:
    cells = (it for it in record.cells if (it.precision, it.requested_isa) == (precision, isa))
    roofline = next((record.measured_cell(cell).roofline for cell in cells), None)
    return roofline.primitives if roofline else []


def _kind(primitive: Primitive) -> str:
    return primitive.primitive.replace("_", " ")


def _side(primitive: Primitive) -> Side:
    return Side(primitive.milliseconds, primitive.implementation, primitive.source_type)


def _groups(fp32: Sequence[Primitive], int8: Sequence[Primitive]) -> list[Layer]:
    """Return what multiplies nothing, by kind."""
    sides = [_grouped(side) for side in (fp32, int8)]
    kinds = dict.fromkeys([*sides[0], *sides[1]])
    return [Layer(f"all {kind}", 0, sides[0].get(kind), sides[1].get(kind)) for kind in kinds]


def _grouped(primitives: Sequence[Primitive]) -> dict[str, Side]:
    groups: dict[str, list[Primitive]] = defaultdict(list)
    for primitive in primitives:
        if not primitive.operations:
            groups[_kind(primitive)].append(primitive)
    return {kind: _side_of_all(group) for kind, group in groups.items()}


def _side_of_all(group: Sequence[Primitive]) -> Side:
    kernels = dict.fromkeys(it.implementation for it in group)
    types = dict.fromkeys(it.source_type for it in group)
    total = sum(it.milliseconds for it in group)
    return Side(total, ", ".join(kernels), ", ".join(types))
