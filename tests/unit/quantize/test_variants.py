from dataclasses import replace
from pathlib import Path

import pytest

from stages.quantize.bench import Contender
from stages.quantize.bound import Bound
from stages.quantize.variants import Variants, why_no_bf16, why_no_int8_bf16
from stages.records.quantize import Variant
from stages.settings import Settings
from tests.unit.quantize.parts import RECIPE, attempt, chain, layer
from tests.unit.quantize.stand_ins import FP32_LAYERS, INT8_LAYERS, StandInBench

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
    assert why_no_bf16(settings, flags) == reason


def test_int8_with_bf16_needs_an_op_that_multiplies_outside_int8() -> None:
    assert "leaves none for BF16" in why_no_int8_bf16(attempt(layers=INT8_LAYERS))
    mixed = [*INT8_LAYERS, layer("conv3", types=("f32", "f32"))]
    assert why_no_int8_bf16(attempt(layers=mixed)) == ""


CONTENDERS = {
    "fp32": Contender("fp32", Path("/work/train/model"), "fp32"),
    "int8": Contender("int8", Path("/tmp/quantize.partial/model"), "int8"),
    "int8_bf16": Contender("int8_bf16", Path("/tmp/quantize.partial/model"), "int8_bf16"),
}
PUBLISHED = {
    CONTENDERS["fp32"].model: "train/model",
    CONTENDERS["int8"].model: "quantize/model",
}


def described(bench: StandInBench) -> dict[str, Variant]:
    validation = {"fp32": 1.0, "int8": 0.99, "int8_bf16": 0.98}
    variants = Variants(bench, lambda _: chain(), Bound(1.0, 0.01), PUBLISHED)
    found, versions = variants.describe(CONTENDERS, validation, RECIPE)
    assert versions == {"tensorflow": "2"}
    return {each.precision: each for each in found}


def test_each_variant_has_its_proof_figures_and_place_in_the_artifacts() -> None:
    bench = StandInBench()
    bench.speeds = {"fp32": 4.0, "int8": 14.0, "int8_bf16": 15.0}
    bench.accuracies = {"fp32 on test": 0.9, "int8 on test": 0.8, "int8_bf16 on test": 0.7}
    found = described(bench)
    assert [each.model for each in found.values()] == [
        "train/model",
        "quantize/model",
        "quantize/model",
    ]
    assert [each.speedup for each in found.values()] == [1.0, 3.5, 3.75]
    assert [each.throughput_images_per_s for each in found.values()] == [4.0, 14.0, 15.0]
    assert found["int8"].accuracy_top1 == {"validation": 0.99, "test": 0.8}
    assert found["int8"].loss == pytest.approx(0.01)
    assert (found["fp32"].layers, found["int8"].layers) == (FP32_LAYERS, INT8_LAYERS)
    assert all(each.missing is None for each in found.values())


def test_all_are_timed_against_each_other_once() -> None:
    bench = StandInBench()
    described(bench)
    assert bench.timed == [["fp32", "int8", "int8_bf16"]]
    assert bench.proved == ["fp32", "int8", "int8_bf16"]


def test_findings_are_of_int8_alone() -> None:
    bench = StandInBench()
    slow = layer("pool", "pooling", implementation="ref:any", share=0.25)
    bench.int8_layers = [*INT8_LAYERS, slow]
    bench.fallbacks = ["W itex: Unsupported INT8 pattern at conv1"]
    found = described(bench)
    assert found["fp32"].findings == []
    kinds = [each.kind for each in found["int8"].findings or []]
    assert kinds == ["reference_kernel", "int8_fallback"]
    assert (found["fp32"].reference_share, found["int8"].reference_share) == (0.0, 0.25)


def test_ops_left_out_on_purpose_are_no_findings() -> None:
    bench = StandInBench()
    bench.int8_layers = [*INT8_LAYERS, layer("conv3", types=("f32", "f32"))]
    variants = Variants(bench, lambda _: chain(), Bound(1.0, 0.01), PUBLISHED)
    validation = dict.fromkeys(CONTENDERS, 1.0)
    kept, _ = variants.describe(CONTENDERS, validation, replace(RECIPE, left_out=("conv3",)))
    found, _ = variants.describe(CONTENDERS, validation, RECIPE)
    assert [each.findings for each in kept] == [[], [], []]
    assert [[f.op for f in each.findings or []] for each in found] == [[], ["conv3"], ["conv3"]]
