from pathlib import Path

import pytest

from stages.precisions import get_precision
from stages.quantize.bound import Bound
from stages.quantize.evaluator import Contender, Times
from stages.quantize.variants import Candidate, variants_of, why_no_variant
from stages.records.quantize import Layer
from stages.settings import Settings
from tests.unit.quantize.parts import attempt, layer
from tests.unit.quantize.stand_ins import FP32_LAYERS, INT8_LAYERS

BF16 = frozenset({"avx2", "avx512_bf16"})
AVX2 = frozenset({"avx2"})


@pytest.mark.parametrize(
    ("settings", "flags", "reason"),
    [
        (Settings(), BF16, ""),
        (Settings(), frozenset({"amx_bf16"}), ""),
        (Settings(), AVX2, "this CPU has no BF16; force_bf16 produces it all the same"),
        (Settings(force_bf16=True), AVX2, ""),
        (Settings(no_bf16=True), BF16, "left out by no_bf16"),
        (Settings(no_bf16=True), AVX2, "left out by no_bf16"),
    ],
)
def test_bf16_is_produced_where_the_cpu_has_it_or_the_user_asks(
    settings: Settings, flags: frozenset[str], reason: str
) -> None:
    mixed = attempt(layers=[*INT8_LAYERS, layer("conv3", types=("f32", "f32"))])
    for precision in ("bf16", "int8_bf16"):
        assert why_no_variant(get_precision(precision), settings, flags, mixed) == reason


def test_int8_with_bf16_needs_an_op_that_multiplies_outside_int8() -> None:
    int8 = attempt(layers=INT8_LAYERS)
    mixed, bf16 = get_precision("int8_bf16"), get_precision("bf16")
    assert "leaves none for BF16" in why_no_variant(mixed, Settings(), BF16, int8)
    assert why_no_variant(bf16, Settings(), BF16, int8) == ""


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_model_of_its_own_is_always_a_variant(precision: str) -> None:
    settings = Settings(no_bf16=True)
    assert why_no_variant(get_precision(precision), settings, AVX2, attempt(layers=[])) == ""


def candidate(precision: str, accuracy: float, layers: list[Layer]) -> Candidate:
    return Candidate(
        contender=Contender(precision, Path("/tmp") / precision, precision),
        path=f"quantize/{precision}",
        accuracy_top1=accuracy,
        predictions=[1, 0],
        layers=layers,
        findings=[],
    )


def test_fp32_is_the_reference_wherever_it_stands() -> None:
    int8, fp32 = variants_of(
        [candidate("int8", 0.8, INT8_LAYERS), candidate("fp32", 0.8, FP32_LAYERS)],
        Times([[[0.5]], [[2.0]]], [14.0, 4.0]),
        Bound(0.8, 0.01),
    )
    assert (int8.speedup, fp32.speedup) == (3.5, 1.0)


def test_each_variant_is_held_against_fp32() -> None:
    slow = layer("pool", "pooling", implementation="ref:any", share=0.4 / 3)
    fp32, int8 = variants_of(
        [candidate("fp32", 0.8, FP32_LAYERS), candidate("int8", 0.6, [*INT8_LAYERS, slow])],
        Times([[[2.0]], [[0.5]]], [4.0, 14.0]),
        Bound(0.8, 0.01),
    )
    assert (fp32.speedup, int8.speedup) == (1.0, 3.5)
    assert fp32.loss == 0.0
    assert int8.loss == pytest.approx(0.25)
    assert (fp32.reference_share, int8.reference_share) == pytest.approx((0.0, 0.25))
    assert (int8.model, int8.accuracy_top1) == ("quantize/int8", 0.6)
    assert (int8.throughput_images_per_s, int8.missing) == (14.0, None)
    assert fp32.layers == FP32_LAYERS
    assert (int8.predictions, int8.batch_seconds) == ([1, 0], [[0.5]])
