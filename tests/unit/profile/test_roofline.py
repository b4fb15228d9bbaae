import json
from pathlib import Path

import pytest

from stages.common.onednn.log import Execution, parse_log
from stages.common.onednn.traced import span_of
from stages.profile.roofline import fastest_primitives, limit_of, primitives_of, roofline
from stages.records.measure import NodeTime, Primitive, Span
from stages.records.proof import Roofline

LOGS = Path(__file__).parents[2] / "data" / "onednn"
BATCH = 8
# The sixteen convolutions of VGG19 and a head of three classes: 19.5 * 10^9 products per image.
VGG19_OPERATIONS = 39.0e9


def roofline_of(recording: str, images_per_s: float = 20.0) -> Roofline:
    text = (LOGS / f"{recording}.txt").read_text()
    nodes = json.loads((LOGS / f"{recording}.json").read_text())
    span = span_of([NodeTime(*node) for node in nodes])
    primitives = primitives_of(parse_log(text.splitlines()).executions, span)
    return roofline(primitives, span.milliseconds, BATCH, images_per_s)


def primitive(
    kind: str = "convolution", milliseconds: float = 1.0, operations: int = 0, **changes: str
) -> Primitive:
    names = {
        "implementation": "brgconv:avx512_core_vnni",
        "source_type": "u8",
        "destination_type": "u8",
        **changes,
    }
    return Primitive(
        primitive=kind,
        milliseconds=milliseconds,
        operations=operations,
        bytes_moved=0,
        **names,
    )


@pytest.mark.parametrize(
    ("recording", "limit"),
    [
        ("traced_itex2150_fp32", 1.0),
        ("traced_itex2150_int8-shared", 4.0),
        ("traced_tf221_int8", 4.0),
    ],
)
def test_only_the_traced_inference_counts_and_all_of_it(recording: str, limit: float) -> None:
    figures = roofline_of(recording)
    convolutions = [ran for ran in figures.primitives if ran.primitive == "convolution"]
    assert len(convolutions) == 16
    assert figures.operations_per_image == pytest.approx(VGG19_OPERATIONS, rel=0.01)
    assert figures.achieved_gops == pytest.approx(20 * VGG19_OPERATIONS / 1e9, rel=0.01)
    assert figures.limit == limit
    fractions = (figures.at_best_rate, figures.slower_kernels, figures.pooling, figures.reorders)
    assert sum(fractions) + figures.other + figures.framework == pytest.approx(1)
    assert figures.at_best_rate > 0.5
    assert 0 <= figures.framework < 0.1


def test_reorders_show_where_the_pools_are_left_out() -> None:
    left_out, shared = (
        roofline_of(f"traced_itex2150_int8-{name}") for name in ("nopool", "shared")
    )
    assert left_out.reorders > shared.reorders


def test_time_goes_to_the_groups() -> None:
    figures = roofline(
        [
            primitive(milliseconds=2.0, operations=8_000_000),
            primitive(milliseconds=3.0, operations=6_000_000),
            primitive("pooling", 1.0),
            primitive("reorder", 0.5),
            primitive("softmax", 0.25),
        ],
        traced_ms=10.0,
        batch_size=2,
        images_per_s=100.0,
    )
    assert figures.best_gops == pytest.approx(4.0)
    assert figures.achieved_gops == pytest.approx(0.7)
    assert figures.at_best_rate == pytest.approx(0.35)
    assert figures.slower_kernels == pytest.approx(0.15)
    assert (figures.pooling, figures.reorders, figures.other) == pytest.approx((0.1, 0.05, 0.025))
    assert figures.framework == pytest.approx(0.325)


@pytest.mark.parametrize(
    ("implementation", "source_type", "limit"),
    [
        ("brgconv:avx512_core", "f32", 1.0),
        ("jit_uni_int8:avx2", "u8", None),
        ("brgconv:avx512_core", "u8", None),
        ("brgconv:avx512_core_vnni", "s8", 4.0),
        ("brgconv:avx512_core_bf16", "bf16", 2.0),
        ("brgconv:avx512_core_amx", "bf16", 16.0),
        ("brg_conv_fwd:avx10_1_512_amx", "u8", 32.0),
        ("jit_bf16:avx512_core", "bf16", None),
        ("ref:any", "f32", None),
    ],
)
def test_the_limit_is_that_of_the_instructions(
    implementation: str, source_type: str, limit: float | None
) -> None:
    kernel = primitive(implementation=implementation, source_type=source_type)
    assert limit_of(kernel) == limit


def executions_of(*runs: list[tuple[str, float]]) -> tuple[list[Execution], list[Span]]:
    """Return what ran in several inferences, each of (kernel, ms), and when each inference ran."""
    executions, spans = [], []
    for number, run in enumerate(runs):
        began = 1000.0 * (number + 1)
        spans.append(Span(begin_ms=began, end_ms=began + 500.0))
        executions += [
            Execution("convolution", kernel, "f32", milliseconds, start_ms=began + place)
            for place, (kernel, milliseconds) in enumerate(run)
        ]
    return executions, spans


def test_of_each_kernel_the_fastest_of_all_traces_counts() -> None:
    executions, spans = executions_of(
        [("a", 4.0), ("b", 40.0)], [("a", 16.0), ("b", 10.0)], [("a", 5.0), ("b", 0.0)]
    )
    fastest = fastest_primitives(executions, spans)
    assert [ran.implementation for ran in fastest] == ["a", "b"]
    # A time of 0 is one that was cut off.
    assert [ran.milliseconds for ran in fastest] == [4.0, 10.0]


def test_a_trace_in_which_other_kernels_ran_is_left_out() -> None:
    executions, spans = executions_of(
        [("a", 4.0), ("b", 40.0)], [("a", 1.0)], [("b", 1.0), ("a", 1.0)], []
    )
    assert [ran.milliseconds for ran in fastest_primitives(executions, spans)] == [4.0, 40.0]
    assert fastest_primitives(executions, spans[::-1]) == []
