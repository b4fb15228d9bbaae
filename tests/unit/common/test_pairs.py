from stages.common.pairs import CellName, isa_reference, pairs_of


def alone(cells: list[CellName]) -> dict[CellName, CellName]:
    return {cell: cell for cell in cells}


def test_the_reference_is_avx_512_or_the_lowest_there_is() -> None:
    assert isa_reference(["AVX512_CORE_VNNI", "AVX512_CORE", "AVX2"]) == "AVX512_CORE"
    assert isa_reference(["AVX512_CORE_VNNI", "AVX2"]) == "AVX2"
    assert isa_reference([]) is None


def test_each_ratio_of_the_table_is_a_pair_and_no_other() -> None:
    cells = [("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI")]
    assert pairs_of(alone(cells)) == [
        (("int8", "AVX512_CORE"), ("fp32", "AVX512_CORE")),
        (("int8", "AVX512_CORE_VNNI"), ("int8", "AVX512_CORE")),
    ]


def test_a_precision_alone_is_compared_across_isas() -> None:
    cells = [("int8", "AVX2"), ("int8", "AVX512_CORE_VNNI")]
    assert pairs_of(alone(cells)) == [(cells[1], cells[0])]


def test_what_runs_the_kernels_of_a_lower_cap_is_compared_by_its_figures() -> None:
    fp32, vnni = ("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI")
    shown = {**alone([fp32, vnni]), ("fp32", "AVX512_CORE_VNNI"): fp32}
    assert pairs_of(shown) == [(vnni, fp32)]
