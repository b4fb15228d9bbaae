"""Layers in pairs, effects of caps one by one, and latencies as they are spread."""

from dataclasses import replace

import pytest

from stages.compare.distributions import MARKS, distributions
from stages.compare.layers import Layers, layers_of
from stages.compare.steps import steps_of
from stages.records.cell import Cell, SingleStream
from stages.records.measure import Primitive
from stages.records.proof import Roofline
from tests.unit.compare.profiles import profiled
from tests.unit.records import batches, exactly, measured, profile, run


def primitive(kind: str, milliseconds: float, operations: int) -> Primitive:
    return Primitive(
        primitive=kind,
        implementation=f"jit:{kind}",
        source_type="f32",
        destination_type="f32",
        milliseconds=milliseconds,
        operations=operations,
        bytes_moved=100,
    )


def traced(precision: str, *primitives: Primitive) -> Cell:
    roofline = Roofline(
        operations_per_image=1,
        achieved_gops=1.0,
        best_gops=1.0,
        limit=None,
        traced_ms=1.0,
        at_best_rate=1.0,
        slower_kernels=0.0,
        pooling=0.0,
        reorders=0.0,
        other=0.0,
        framework=0.0,
        primitives=[*primitives],
    )
    return replace(measured(precision, "AVX2", 5.0), roofline=roofline)


def layers(fp32: list[Primitive], int8: list[Primitive]) -> Layers | None:
    (one,) = profiled(profile(traced("fp32", *fp32), traced("int8", *int8)))
    return layers_of(one)


def test_layers_that_multiply_are_paired_in_order_and_the_rest_by_kind() -> None:
    found = layers(
        [primitive("convolution", 8.0, 10), primitive("pooling", 1.0, 0)],
        [
            primitive("reorder", 0.5, 0),
            primitive("convolution", 2.0, 10),
            primitive("reorder", 0.25, 0),
        ],
    )
    assert found
    assert [layer.name for layer in found.layers] == ["1 convolution", "all pooling", "all reorder"]
    assert [layer.times for layer in found.layers] == [4.0, None, None]
    reorders = found.layers[2]
    assert reorders.fp32 is None
    assert reorders.int8
    assert reorders.int8.milliseconds == 0.75


def test_unlike_layers_are_not_paired() -> None:
    found = layers([primitive("convolution", 8.0, 10)], [primitive("convolution", 2.0, 20)])
    assert found
    assert not found.layers
    assert found.unlike


def test_there_are_no_layers_without_a_trace() -> None:
    cells = [measured(name, "AVX2", 5.0) for name in ("fp32", "int8")]
    assert [layers_of(one) for one in profiled(profile(*cells))] == [None]


def test_each_cap_is_held_against_the_next_lower_one_that_was_timed() -> None:
    cells = [
        measured("int8", "AVX512_CORE_AMX", 40.0),
        measured("int8", "AVX2", 5.0),
        replace(measured("int8", "AVX512_CORE_FP16", 10.0), same_as="AVX2", measurement=None),
        measured("int8", "AVX512_CORE_VNNI", 10.0),
    ]
    found = steps_of(profile(*cells))
    assert [(it.isa, it.below, it.ratio.estimate) for it in found] == [
        ("AVX512_CORE_VNNI", "AVX2", 2.0),
        ("AVX512_CORE_AMX", "AVX512_CORE_VNNI", 4.0),
    ]


def test_a_turn_that_does_not_count_has_no_part_in_a_distribution() -> None:
    runs = [
        run(1.0, 1, counts=False, instances=[batches(9.0)]),
        run(1.0, 1, instances=[batches(*(0.001 * number for number in range(1, 102)))]),
    ]
    stream = SingleStream(
        queries=101,
        latency_p50_ms=exactly(51.0),
        latency_p90_ms=None,
        latency_p99_ms=None,
        runs=runs,
    )
    (found,) = distributions(
        profiled(profile(measured("fp32", "AVX2", 5.0, single_stream=stream)))[0]
    )
    assert found.queries == 101
    assert found.quantiles == pytest.approx([6.0, 26.0, 51.0, 76.0, 96.0])
    assert (found.marks[0], found.marks[-1]) == pytest.approx((1.0, 101.0))
    assert len(found.marks) == MARKS
    assert {*found.marks} <= {1000 * one for run in runs for one in run.seconds}


def test_of_few_queries_each_has_a_mark_and_none_a_box() -> None:
    made = measured("fp32", "AVX2", 5.0).measurement
    assert made
    runs = [run(1.0, number, instances=[batches(0.3, 0.2)]) for number in (1, 2)]
    few = measured("fp32", "AVX2", 5.0, single_stream=replace(made.single_stream, runs=runs))
    (found,) = distributions(profiled(profile(few))[0])
    assert (found.marks, found.quantiles) == ([200.0, 200.0, 300.0, 300.0], [])
