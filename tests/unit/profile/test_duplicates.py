from pathlib import Path

import pytest

from stages.common.onednn.flops import MULTIPLYING
from stages.common.onednn.kernels import primitive_of
from stages.common.onednn.log import parse_log
from stages.profile.duplicates import Inference, lowest_same, ran_the_same
from stages.records.measure import Primitive
from tests.unit.profile.test_roofline import primitive

LOGS = Path(__file__).parents[2] / "data" / "onednn"


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


@pytest.mark.parametrize("kind", ["softmax", "pooling", "reorder", "eltwise"])
@pytest.mark.parametrize("milliseconds", [(0.05, 0.05), (0.05, 40.0), (40.0, 40.0)])
def test_a_name_that_only_says_the_cap_makes_no_difference_however_long_it_took(
    kind: str, milliseconds: tuple[float, float]
) -> None:
    names = ("jit:avx512_core_bf16", "jit:avx512_core_fp16")
    one, other = (
        inference(primitive(operations=8), primitive(kind, spent, implementation=name))
        for name, spent in zip(names, milliseconds, strict=True)
    )
    assert ran_the_same(one, other)


@pytest.mark.parametrize("milliseconds", [1e-6, 40.0])
def test_other_code_is_a_difference_however_short_it_took(milliseconds: float) -> None:
    names = ("jit:avx512_core", "ref:any")
    one, other = (
        inference(primitive(operations=8), primitive("pooling", milliseconds, implementation=name))
        for name in names
    )
    assert not ran_the_same(one, other)


@pytest.mark.parametrize("kind", MULTIPLYING)
def test_what_multiplies_is_known_by_its_whole_name_however_short_it_took(kind: str) -> None:
    one, other = (
        inference(primitive(milliseconds=50.0), primitive(kind, 1e-6, 8, implementation=name))
        for name in ("brg:avx512_core_vnni", "brg:avx512_core_amx")
    )
    assert not ran_the_same(one, other)


def recorded(log: str) -> Inference:
    executions = parse_log((LOGS / f"itex2150_{log}.txt").read_text().splitlines()).executions
    return inference(*map(primitive_of, executions))


@pytest.mark.parametrize(
    ("log", "other", "same"),
    [
        # The first at VNNI, the second at BF16, which is what oneDNN makes of a cap misspelt there.
        ("int8-nopool_AVX512_CORE_VNNI", "int8-nopool_typo", True),
        ("int8-nopool_AVX2", "int8-nopool_AVX512_CORE", False),
        ("int8-nopool_AVX512_CORE", "int8-nopool_AVX512_CORE_VNNI", False),
        ("int8-nopool_AVX512_CORE_VNNI", "int8-nopool_AVX512_CORE_AMX_emulated", False),
        ("fp32_AVX2", "fp32_AVX512_CORE_BF16", False),
        ("bf16_AVX512_CORE_BF16", "bf16_AVX512_CORE_AMX_emulated", False),
    ],
)
def test_recorded_runs_are_alike_if_the_instructions_that_multiply_are(
    log: str, other: str, same: bool
) -> None:
    assert ran_the_same(recorded(log), recorded(other)) is same


def test_nothing_is_not_the_same_as_nothing() -> None:
    assert not ran_the_same(inference(), inference())
