from dataclasses import replace

import pytest

from stages.profile.plan import PlannedCell
from stages.profile.proven import Proven
from stages.profile.sameness import same_as
from stages.records.profile import Primitive, Span
from tests.unit.profile.test_roofline import primitive
from tests.unit.records import measured


def proven(*primitives: Primitive) -> Proven:
    proof = measured("int8", "AVX2", 1.0).proof
    assert proof
    traced = Span(begin_ms=0.0, end_ms=100.0)
    return Proven(replace(proof, traced=traced), [*primitives])


def test_cells_that_ran_the_same_are_named_after_the_lowest() -> None:
    vnni, bf16, fp16 = (
        PlannedCell("int8", isa, None)
        for isa in ("AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX512_CORE_FP16")
    )
    once = primitive(milliseconds=1.0, operations=8)
    later = primitive(milliseconds=2.0, operations=8)
    found = {vnni: proven(once), bf16: proven(later), fp16: proven(later)}
    assert same_as(found) == {bf16: vnni.isa, fp16: vnni.isa}


@pytest.mark.parametrize(
    "other",
    [
        proven(primitive(operations=8, implementation="brgconv:avx512_core_amx")),
        proven(primitive(operations=9)),
        proven(primitive(operations=8), primitive("reorder")),
        proven(primitive(operations=8, destination_type="f32")),
    ],
)
def test_any_difference_but_the_time_is_one(other: Proven) -> None:
    cells = [PlannedCell("int8", isa, None) for isa in ("AVX512_CORE_VNNI", "AVX512_CORE_AMX")]
    assert same_as(dict(zip(cells, [proven(primitive(operations=8)), other], strict=True))) == {}


def test_another_precision_is_never_the_same() -> None:
    one = proven(primitive(operations=8))
    cells = [PlannedCell(name, "AVX512_CORE", None) for name in ("int8", "int8_bf16")]
    assert same_as(dict.fromkeys(cells, one)) == {}


def test_what_takes_next_to_no_time_may_differ() -> None:
    cells = [PlannedCell("int8", isa, None) for isa in ("AVX512_CORE_VNNI", "AVX512_CORE_BF16")]
    names = ("jit:avx512_core", "jit:avx512_core_bf16")
    brief, long = (
        [
            proven(primitive(operations=8), primitive("softmax", taken, implementation=name))
            for name in names
        ]
        for taken in (0.05, 0.2)
    )
    assert same_as(dict(zip(cells, brief, strict=True))) == {cells[1]: cells[0].isa}
    assert same_as(dict(zip(cells, long, strict=True))) == {}
