from collections import Counter
from pathlib import Path

import pytest

from stages.common.onednn.log import Execution, OnednnLog, Partition, parse_log
from stages.errors import ProofError

LOGS = Path(__file__).parents[3] / "data" / "onednn"


def read(name: str) -> OnednnLog:
    return parse_log((LOGS / f"{name}.txt").read_text().splitlines())


def of(executions: list[Execution], *primitives: str) -> list[Execution]:
    return [execution for execution in executions if execution.primitive in primitives]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("tf215_int8_AVX512_CORE_AMX_emulated", "3.2.1"),
        ("itex2150_int8-nopool_AVX512_CORE_VNNI", "3.3.0"),
        ("tf221_int8-bf16_AVX512_CORE_AMX_emulated", "3.7.3"),
    ],
)
def test_each_format_names_its_version(name: str, version: str) -> None:
    assert read(name).version.startswith(version)


@pytest.mark.parametrize("path", sorted(LOGS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_recorded_log_has_a_header_and_typed_work(path: Path) -> None:
    log = read(path.stem)
    assert log.isa_header.startswith("Intel AVX")
    work = of(log.executions, "convolution", "matmul")
    assert work
    assert all(execution.data_type in ("f32", "bf16", "s8", "u8") for execution in work)


def test_three_inferences_of_vgg19_have_48_convolutions() -> None:
    log = read("itex2150_int8-nopool_AVX512_CORE_VNNI")
    convolutions = of(log.executions, "convolution")
    kinds = Counter((execution.implementation, execution.data_type) for execution in convolutions)
    assert sum(kinds.values()) == 48
    assert {name for name, _ in kinds} == {"brgconv:avx512_core_vnni"}


def test_amx_int8_and_amx_bf16_are_told_apart() -> None:
    log = read("tf221_int8-bf16_AVX512_CORE_AMX_emulated")
    amx = {
        (execution.primitive, execution.data_type)
        for execution in log.executions
        if "amx" in execution.implementation
    }
    assert amx == {("convolution", "u8"), ("matmul", "bf16")}


def test_graph_lines_are_not_counted_twice() -> None:
    lines = (LOGS / "itex2150_int8-nopool_AVX512_CORE_VNNI.txt").read_text().splitlines()
    primitives = [line for line in lines if ",primitive,exec," in line]
    assert len(parse_log(lines).executions) == len(primitives) < len(lines)


def test_foreign_lines_are_passed_over_and_lines_cut_short_have_no_time() -> None:
    whole = (LOGS / "itex2150_fp32_AVX2.txt").read_text().splitlines()
    noisy = [*whole, whole[-1][:60], "2026-01-01 I tensorflow: hello", whole[-1][:-20]]
    *same, cut = parse_log(noisy).executions
    assert same == parse_log(whole).executions
    assert (cut.primitive, cut.milliseconds) == (same[-1].primitive, 0)


def test_a_line_cut_at_its_time_has_none() -> None:
    last = (LOGS / "itex2150_fp32_AVX2.txt").read_text().splitlines()
    *_, cut = parse_log([*last, last[-1].rpartition(",")[0] + ","]).executions
    assert cut.milliseconds == 0


TRACED = ["traced_itex2150_int8-shared", "traced_itex2150_fp32", "traced_tf221_int8"]


@pytest.mark.parametrize("name", TRACED)
def test_with_timestamps_the_fields_are_the_same_and_each_start_is_known(name: str) -> None:
    executions = read(name).executions
    starts = [execution.start_ms for execution in executions]
    assert starts == sorted(starts)
    assert 0 < starts[-1] - starts[0] < 60_000
    convolutions = of(executions, "convolution")
    assert convolutions[0].problem.startswith("mb8_ic3oc64_ih224oh224kh3")
    assert {execution.destination_type for execution in convolutions} <= {"u8", "f32"}
    assert all(execution.milliseconds > 1 for execution in convolutions)


def test_without_timestamps_no_start_is_known() -> None:
    assert {execution.start_ms for execution in read("itex2150_fp32_AVX2").executions} == {0.0}


def test_a_partition_names_its_ops_and_begins_before_what_it_runs() -> None:
    log = read("traced_itex2150_int8-shared")
    pool = next(
        partition for partition in log.partitions if "PartitionedCall/block1_pool" in partition.ops
    )
    assert pool.ops == (
        "PartitionedCall/block1_pool_shared_dequantize",
        "PartitionedCall/block1_pool",
        "PartitionedCall/block2_conv1/Conv2D_eightbit_quantize_PartitionedCall/block1_pool",
    )
    begun = [execution for execution in log.executions if execution.start_ms > pool.start_ms]
    assert begun[0].primitive == "pooling"


def test_a_partition_cut_short_is_left_out() -> None:
    line = "onednn_verbose,1.5,graph,exec,cpu,100003,misc_post_ops"
    assert parse_log([line]).partitions == []
    assert parse_log([f"{line},a;b,,x"]).partitions == [Partition(1.5, ("a", "b"))]


def test_int8_fallbacks_are_kept() -> None:
    assert parse_log(["W itex: Unsupported INT8 pattern in x"]).fallbacks


@pytest.mark.parametrize("name", ["primitive", "implementation", "memory_descriptors"])
def test_a_template_without_what_is_needed_proves_nothing(name: str) -> None:
    before, template, after = (LOGS / "itex2150_fp32_AVX2.txt").read_text().partition("template:")
    text = before + template + after.replace(f",{name},", ",", 1)
    with pytest.raises(ProofError, match=f"without {name}; this version of oneDNN can't be judged"):
        parse_log(text.splitlines())


def test_a_time_that_is_no_number_is_none() -> None:
    lines = (LOGS / "itex2150_fp32_AVX2.txt").read_text().splitlines()
    for time in ("nan", "-1", "\u00b2", "9" * 400, "1e9"):
        *_, last = parse_log([*lines, lines[-1].rpartition(",")[0] + f",{time}"]).executions
        assert last.milliseconds == 0
