from collections import Counter
from pathlib import Path

import pytest

from stages.measure.onednn_log import OnednnLog, parse_log

LOGS = Path(__file__).parents[2] / "data" / "onednn"


def read(name: str) -> OnednnLog:
    return parse_log((LOGS / f"{name}.txt").read_text().splitlines())


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
    work = [each for each in log.executions if each.primitive in ("convolution", "matmul")]
    assert work
    assert all(each.data_type in ("f32", "bf16", "s8", "u8") for each in work)


def test_three_inferences_of_vgg19_have_48_convolutions() -> None:
    log = read("itex2150_int8-nopool_AVX512_CORE_VNNI")
    convolutions = [each for each in log.executions if each.primitive == "convolution"]
    kinds = Counter((each.implementation, each.data_type) for each in convolutions)
    assert sum(kinds.values()) == 48
    assert {name for name, _ in kinds} == {"brgconv:avx512_core_vnni"}


def test_amx_int8_and_amx_bf16_are_told_apart() -> None:
    log = read("tf221_int8-bf16_AVX512_CORE_AMX_emulated")
    amx = {(e.primitive, e.data_type) for e in log.executions if "amx" in e.implementation}
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


def test_int8_fallbacks_are_kept() -> None:
    assert parse_log(["W itex: Unsupported INT8 pattern in x"]).fallbacks
