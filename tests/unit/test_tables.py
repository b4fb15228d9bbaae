"""The tables of precisions and runtimes: what a row may say."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest

from stages.common.backends.registry import names
from stages.precisions import BF16, PRECISIONS, Precision, get_precision
from stages.quantize.variants import why_no_variant
from stages.runtimes import RUNTIMES
from stages.settings import Settings
from tests.unit.quantize.parts import attempt

HALF = replace(
    get_precision(BF16),
    name="half",
    converts_to="f16",
    native_flags=frozenset({"avx512_fp16"}),
    graph_rewrites=(),
)
NO_FLAGS: frozenset[str] = frozenset()


def why_no_half(settings: Settings, flags: frozenset[str] = HALF.native_flags) -> str:
    return why_no_variant(HALF, settings, flags, attempt(layers=[]))


def test_a_precision_runs_a_model_that_there_is() -> None:
    with pytest.raises(ValueError, match="fp8: model is 'fp8', not 'fp32' or 'int8'"):
        replace(HALF, name="fp8", model="fp8")


def test_a_precision_without_a_model_of_its_own_must_convert_one() -> None:
    with pytest.raises(ValueError, match="half runs the model of fp32, so it must convert it"):
        replace(HALF, converts_to="")


def test_the_switches_for_bf16_mean_bf16_alone() -> None:
    assert why_no_half(Settings(no_bf16=True)) == ""
    assert why_no_half(Settings(force_bf16=True), NO_FLAGS) == "this CPU has no F16"


def test_what_a_runtime_can_not_convert_to_is_no_variant() -> None:
    assert why_no_half(Settings()) == ""
    reason = "the stock runtime converts nothing to F16"
    assert why_no_half(Settings(runtime="stock")) == reason


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda precision: precision.name)
def test_every_runtime_converts_to_every_precision_that_there_is(precision: Precision) -> None:
    for runtime in RUNTIMES:
        assert bool(getattr(precision, runtime.converts_by)) == bool(precision.converts_to)


def test_every_runtime_has_a_backend_and_names_its_interpreter_by_a_setting() -> None:
    settings = {field.name for field in fields(Settings)}
    for runtime in RUNTIMES:
        assert runtime.backend in names()
        setting = runtime.interpreter_setting
        assert not setting or setting in settings


def test_no_two_precisions_are_alike_in_a_grey_print() -> None:
    def lightness(color: str) -> float:
        """Return how light a color of pictures is in grey, from 0 to 255, by Rec. 601."""
        red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    levels = sorted(lightness(precision.color) for precision in PRECISIONS)
    assert min(above - below for below, above in pairwise(levels)) > 30
