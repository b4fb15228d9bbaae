import pytest

from stages.common.onednn.flops import bytes_moved, operations
from stages.common.onednn.log import Execution


def ran(primitive: str, problem: str, source: str = "u8", destination: str = "u8") -> Execution:
    return Execution(primitive, "jit", source, 1.0, destination_type=destination, problem=problem)


CONVOLUTION = "mb8_ic3oc64_ih224oh224kh3sh1dh0ph1_iw224ow224kw3sw1dw0pw1"
STRIDED = "mb1_ic16oc32_ih8oh4kh3sh2dh0ph1_iw10ow5kw1sw2dw0pw0"
DEPTHWISE = "mb2_g32ic32oc32_ih112oh112kh3sh1dh0ph1_iw112ow112kw3sw1dw0pw1"
VOLUME = "mb1_ic2oc4_id6od5kd2sd1dd0pd0_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1"


@pytest.mark.parametrize(
    ("primitive", "problem", "expected"),
    [
        ("convolution", CONVOLUTION, 2 * 8 * 64 * 224 * 224 * 3 * 3 * 3),
        ("convolution", STRIDED, 2 * 32 * 4 * 5 * 3 * 16),
        ("convolution", DEPTHWISE, 2 * 2 * 32 * 112 * 112 * 3 * 3),
        ("convolution", VOLUME, 2 * 4 * 5 * 8 * 8 * 2 * 3 * 3 * 2),
        ("convolution", "mb1_ic2oc4_iw8ow6kw3sw1dw0pw0", 2 * 4 * 6 * 3 * 2),
        ("inner_product", "mb8ic512oc3", 2 * 8 * 512 * 3),
        ("inner_product", "mb8ic512ih7iw7oc3", 2 * 8 * 512 * 49 * 3),
        ("matmul", "8x512:512x3", 2 * 8 * 512 * 3),
        ("matmul", "4x12x128x64:4x12x64x128", 2 * 4 * 12 * 128 * 64 * 128),
    ],
)
def test_operations_are_multiplications_and_additions(
    primitive: str, problem: str, expected: int
) -> None:
    assert operations(ran(primitive, problem)) == expected


@pytest.mark.parametrize(
    ("primitive", "problem"),
    [
        ("pooling", "mb8ic64_ih224oh112kh2sh2dh0ph0_iw224ow112kw2sw2dw0pw0"),
        ("reorder", "8x224x224x3"),
        ("matmul", "8x512:512x"),
        ("matmul", ""),
        ("convolution", ""),
        ("convolution", "mb8_ic3"),
    ],
)
def test_what_does_not_multiply_or_was_cut_short_has_no_operations(
    primitive: str, problem: str
) -> None:
    assert operations(ran(primitive, problem)) == 0


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (ran("convolution", CONVOLUTION, "s8", "f32"), 8 * 224 * 224 * (3 + 4 * 64)),
        (ran("convolution", DEPTHWISE), 2 * 2 * 32 * 112 * 112),
        (ran("convolution", VOLUME, "bf16", "s32"), 2 * 2 * 6 * 64 + 4 * 4 * 5 * 64),
        (ran("pooling", "mb8ic64_ih4oh2kh2sh2dh0ph0_iw6ow3kw2sw2dw0pw0"), 8 * 64 * (24 + 6)),
        (ran("inner_product", "mb8ic512oc3", "u8", "f32"), 8 * 512 + 4 * 8 * 3),
        (ran("matmul", "8x512:512x3", "u8", "f32"), 8 * 512 + 4 * 8 * 3),
        (ran("reorder", "8x7x7x512", "u8", "f32"), 5 * 8 * 7 * 7 * 512),
        (ran("binary", "8x64:8x64", "f32", "u8"), (4 + 4 + 1) * 8 * 64),
        (ran("concat", "8x64:8x32", "u8", "u8"), 2 * 8 * 96),
        (ran("softmax", "8x3", "f32", "f32"), 2 * 4 * 24),
        (ran("matmul", "8x512:512x", "u8", "f32"), 0),
        (ran("reorder", "", "u8", "f32"), 0),
    ],
    ids=lambda value: f"{value.primitive} {value.problem}" if isinstance(value, Execution) else "",
)
def test_bytes_moved_are_activations_in_their_types(execution: Execution, expected: int) -> None:
    assert bytes_moved(execution) == expected


@pytest.mark.parametrize(
    "problem",
    ["mb1_g0ic3oc4_ih2oh2kh1", "mb1_ic" + "9" * 5000, "x", "0x0:0x0", "9999999999x9999999999:1x1"],
)
@pytest.mark.parametrize("primitive", ["convolution", "matmul", "softmax", "concat"])
def test_dimensions_that_no_tensor_has_count_as_nothing(primitive: str, problem: str) -> None:
    execution = Execution(primitive, "ref", "f32", 1.0, "f32", problem)
    assert 0 <= operations(execution) < 2**63
    assert 0 <= bytes_moved(execution) < 2**63
