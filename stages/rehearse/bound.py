"""The bound: AMX at most, over vectors at their full rate, from counted instructions alone.

Sources. Intel 64 and IA-32 Architectures Optimization Reference Manual, the chapter on Intel AMX,
its table of the instructions' throughput and latency: a product of tiles (TDP*) takes 16 cycles of
the tile unit, TILELOADD takes 8 and TILESTORED 16 of the load and store ports. TILELOADDT1 takes
33; it is counted as a TILELOADD, and taken for one: the bound may be too high for
it, never too low. The chapter's operations per cycle and core: 2048 in INT8 and 1024 in BF16 by
AMX, 256 in INT8 by VNNI, 64 in FP32 by two 512-bit units; 128 in BF16 follows if both do a
VDPBF16PS in each cycle. An operation is a multiplication or an addition; a multiply-accumulate is
two. A product of full INT8 tiles is 16 x 16 x 64 of them: 16 cycles at that rate, so the two
statements agree.

What it assumes: all data are in the first cache, loads, stores and products overlap perfectly, and
nothing else takes time: no reorders, no pooling, no framework. The vector kernel is taken at the
full rate of its instructions, on the work that it needs, on the same processor. Neither is ever
reached. So it bounds AMX, not what will be measured: where vectors fall further short of their full
rate than AMX of its own, the measured ratio is above it. Only a machine with AMX can show that.
"""

from collections.abc import Iterable

from stages.common.onednn.flops import dimensions
from stages.records.rehearse import RehearsedLayer, Tiles

PRODUCT_CYCLES, LOAD_CYCLES, STORE_CYCLES = 16, 8, 16
# Multiply-accumulates in a cycle of a core, by source type.
VECTOR_RATES = {"s8": 128, "u8": 128, "bf16": 64, "f32": 32}
# How many channels a vector instruction multiplies at once; missing ones are filled with zeros.
CHANNEL_GROUPS = {"s8": 4, "u8": 4, "bf16": 2}


def fill(tiles: Tiles) -> float:
    """Return which part of the tiles' multiply-accumulates were on rows and columns in use."""
    return tiles.useful / tiles.possible if tiles.possible else 0.0


def tile_cycles(tiles: Tiles) -> int:
    """Return the fewest cycles that the tile unit and its ports take."""
    return max(
        PRODUCT_CYCLES * tiles.products, LOAD_CYCLES * tiles.loads, STORE_CYCLES * tiles.stores
    )


def vector_cycles(layer: RehearsedLayer) -> float | None:
    """Return the fewest cycles that vectors take for a layer, None if their rate is not known."""
    rate = VECTOR_RATES.get(layer.source_type)
    return _work(layer) / rate if rate else None


def _work(layer: RehearsedLayer) -> float:
    """Return the multiply-accumulates that vectors need.

    oneDNN's own number, with channels filled up to what an instruction takes; but not those beyond
    the image's border, which it counts and tiles may leave out.
    """
    channels, group = dimensions(layer.problem).get("ic", 0), CHANNEL_GROUPS.get(layer.source_type)
    filled = -(-channels // group) * group / channels if channels and group else 1.0
    needed = layer.operations / 2 * filled
    return min(needed, layer.tiles.useful) if layer.tiles else needed


def bound_of(layer: RehearsedLayer) -> float | None:
    """Return the bound of one layer, None if it uses no tiles."""
    vectors = vector_cycles(layer)
    cycles = tile_cycles(layer.tiles) if layer.tiles else 0
    return vectors / cycles if vectors and cycles else None


def bound_of_all(layers: Iterable[RehearsedLayer]) -> float | None:
    """Return the bound of all layers together, by Amdahl; None if one's rate is not known.

    A layer off AMX takes the same on both sides.
    """
    pairs = [(vector_cycles(layer), layer.tiles) for layer in layers]
    vectors = [cycles for cycles, _ in pairs if cycles is not None]
    if len(vectors) < len(pairs):
        return None
    tiled = [tile_cycles(tiles) if tiles else cycles for cycles, tiles in pairs]
    everything = sum(cycles for cycles in tiled if cycles is not None)
    return sum(vectors) / everything if everything else None
