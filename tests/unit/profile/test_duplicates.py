import pytest

from stages.profile.duplicates import Inference, lowest_same, ran_the_same
from stages.records.measure import Primitive
from tests.unit.profile.test_roofline import primitive


def inference(*primitives: Primitive) -> Inference:
    return Inference(primitives, 100.0)


def test_the_lowest_that_ran_the_same_is_named() -> None:
    once = inference(primitive(milliseconds=1.0, operations=8))
    later = inference(primitive(milliseconds=2.0, operations=8))
    other = inference(primitive(operations=9))
    lower = {"AVX2": other, "AVX512_CORE": once, "AVX512_CORE_VNNI": once}
    assert lowest_same(later, lower) == "AVX512_CORE"
    assert lowest_same(later, {"AVX2": other}) is None
    assert lowest_same(later, {}) is None


@pytest.mark.parametrize(
    "other",
    [
        inference(primitive(operations=8, implementation="brgconv:avx512_core_amx")),
        inference(primitive(operations=9)),
        inference(primitive(operations=8), primitive("reorder")),
        inference(primitive(operations=8, destination_type="f32")),
    ],
)
def test_any_difference_but_the_time_is_one(other: Inference) -> None:
    assert not ran_the_same(inference(primitive(operations=8)), other)


def test_what_takes_next_to_no_time_may_differ() -> None:
    names = ("jit:avx512_core", "jit:avx512_core_bf16")
    brief, long = (
        [
            inference(
                primitive(operations=8), primitive("softmax", milliseconds, implementation=name)
            )
            for name in names
        ]
        for milliseconds in (0.05, 0.2)
    )
    assert ran_the_same(*brief)
    assert not ran_the_same(*long)


def test_nothing_is_not_the_same_as_nothing() -> None:
    assert not ran_the_same(inference(), inference())
