from stages.common.pairs import isa_reference, pairs_of


def test_the_reference_is_avx_512_or_the_lowest_there_is() -> None:
    assert isa_reference(["AVX512_CORE_VNNI", "AVX512_CORE", "AVX2"]) == "AVX512_CORE"
    assert isa_reference(["AVX512_CORE_VNNI", "AVX2"]) == "AVX2"
    assert isa_reference([]) is None


def test_each_ratio_of_the_table_is_a_pair_and_no_other() -> None:
    cells = [("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI")]
    assert pairs_of(cells) == [
        (("int8", "AVX512_CORE"), ("fp32", "AVX512_CORE")),
        (("int8", "AVX512_CORE_VNNI"), ("int8", "AVX512_CORE")),
    ]


def test_a_precision_alone_is_compared_across_isas() -> None:
    cells = [("int8", "AVX2"), ("int8", "AVX512_CORE_VNNI")]
    assert pairs_of(cells) == [(cells[1], cells[0])]
