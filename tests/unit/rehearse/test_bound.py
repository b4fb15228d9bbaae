"""The bound follows from counted instructions, and never exceeds what both units can do."""

from dataclasses import replace

import pytest

from stages.records.rehearse import RehearsedLayer, Tiles
from stages.rehearse.bound import bound_of, bound_of_all, fill, tile_cycles

FULL_INT8, FULL_BF16 = 16 * 16 * 64, 16 * 16 * 32
PRODUCTS = 1000


def tiles(full: int, part: float = 1.0, loads: float = 1.0) -> Tiles:
    """Return the counts of products whose tiles are in part in use."""
    possible = PRODUCTS * full
    return Tiles(
        products=PRODUCTS,
        loads=int(PRODUCTS * loads),
        stores=PRODUCTS // 10,
        useful=int(possible * part),
        possible=possible,
    )


def layer(
    source_type: str, counted: Tiles | None, operations: int = 0, ic: int = 64
) -> RehearsedLayer:
    needed = 2 * counted.useful if counted else 0
    return RehearsedLayer(
        op="conv",
        primitive="convolution",
        problem=f"mb8_ic{ic}oc64_ih8oh8kh3sh1dh0ph1",
        source_type=source_type,
        kernel="brgconv:avx512_core_amx",
        kernel_without="",
        on_amx=bool(counted),
        why_not="",
        operations=operations or needed,
        tiles=counted,
        bound=None,
    )


@pytest.mark.parametrize(("source_type", "full"), [("u8", FULL_INT8), ("bf16", FULL_BF16)])
def test_full_tiles_are_eight_times_as_fast_as_vectors(source_type: str, full: int) -> None:
    assert bound_of(layer(source_type, tiles(full))) == 8.0


def test_tiles_in_use_in_part_lower_it_by_as_much() -> None:
    assert bound_of(layer("u8", tiles(FULL_INT8, part=0.25))) == 2.0
    assert fill(tiles(FULL_INT8, part=0.25)) == 0.25


def test_more_than_two_loads_for_each_product_take_longer_than_the_products() -> None:
    assert bound_of(layer("u8", tiles(FULL_INT8, loads=2.0))) == 8.0
    assert bound_of(layer("u8", tiles(FULL_INT8, loads=4.0))) == 4.0
    assert tile_cycles(tiles(FULL_INT8, loads=4.0)) == 32 * PRODUCTS


def test_products_with_padding_that_vectors_do_not_need_count_for_nothing() -> None:
    counted = tiles(FULL_INT8)
    assert bound_of(layer("u8", counted, operations=counted.useful)) == 4.0


def test_three_channels_take_vectors_as_long_as_four() -> None:
    counted = tiles(FULL_INT8, part=0.1875)
    three = layer("s8", counted, operations=2 * counted.useful * 3 // 4, ic=3)
    assert bound_of(three) == pytest.approx(1.5, rel=1e-3)


def test_work_beyond_the_border_that_tiles_leave_out_is_not_counted() -> None:
    counted = tiles(FULL_INT8)
    assert bound_of(layer("u8", counted, operations=3 * counted.useful)) == 8.0


def test_a_layer_off_amx_has_none_and_slows_all_down() -> None:
    on, off = layer("u8", tiles(FULL_INT8)), layer("u8", None)
    vectors = 8 * 16 * PRODUCTS
    off = replace(off, operations=2 * 128 * vectors)  # as long as the other takes without AMX
    assert bound_of(off) is None
    assert bound_of_all([on, off]) == pytest.approx(2 / (1 + 1 / 8))


def test_a_type_whose_rate_is_not_known_leaves_the_whole_unknown() -> None:
    assert bound_of_all([layer("u8", tiles(FULL_INT8)), layer("f16", None, 10)]) is None
    assert bound_of_all([]) is None
