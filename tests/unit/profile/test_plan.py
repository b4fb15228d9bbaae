import pytest

from stages.command_line import load
from stages.common.host.facts import cpu_fields, cpu_flags
from stages.isa import ISA_NAMES, LADDER, missing_flags, rank
from stages.profile.plan import (
    PlannedCell,
    cell_to_repeat,
    expected_alone,
    missing_models,
    plan_cells,
)
from tests.unit.records import quantize, variant

ALL_FLAGS = frozenset(flag for isa in LADDER for flag in isa.flags)
FOUR = {"VGG19_PRECISIONS": "fp32,bf16,int8,int8_bf16"}


def flags_up_to(isa: str) -> frozenset[str]:
    names = ISA_NAMES[: rank(isa) + 1]
    return frozenset(flag for isa in LADDER if isa.name in names for flag in isa.flags)


def test_a_rung_needs_the_flags_of_those_below() -> None:
    assert missing_flags("AVX512_CORE_VNNI", frozenset({"avx512_vnni"})) == (
        *("avx2", "avx512f", "avx512bw", "avx512vl", "avx512dq"),
    )
    assert not missing_flags("AVX512_CORE_AMX", ALL_FLAGS)


def test_every_cell_is_there_and_the_impossible_ones_say_why() -> None:
    cells = plan_cells(load(FOUR), flags_up_to("AVX512_CORE_BF16"), {})
    assert len(cells) == 4 * len(LADDER)
    reasons = {cell.name: cell.impossible for cell in cells if cell.impossible}
    assert "amx_tile" in str(reasons["int8_AVX512_CORE_AMX"])
    below = "oneDNN has no BF16 convolution below AVX512_CORE"
    assert reasons["bf16_AVX2"] == reasons["int8_bf16_AVX2"] == below
    emulated = {
        f"{precision}_{isa}"
        for precision in ("bf16", "int8_bf16")
        for isa in ("AVX512_CORE", "AVX512_CORE_VNNI")
    }
    assert {name for name, reason in reasons.items() if "emulated" in str(reason)} == emulated
    assert len(reasons) == 2 * 4 + 2 + len(emulated)


def test_where_it_is_asked_for_bf16_is_measured_though_it_is_emulated() -> None:
    cells = plan_cells(load({**FOUR, "VGG19_ALL_CELLS": "1"}), flags_up_to("AVX512_CORE_BF16"), {})
    assert not [cell.name for cell in cells if "emulated" in str(cell.impossible)]


def test_a_precision_without_a_model_is_impossible_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = quantize(variant("fp32"), variant("int8"), variant("bf16", missing="no BF16 here"))
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: None)
    cells = plan_cells(load(FOUR), ALL_FLAGS, missing_models(record))
    without = {cell.name for cell in cells if cell.impossible == "no BF16 here"}
    assert without == {f"bf16_{isa}" for isa in ISA_NAMES}
    assert {cell.name for cell in cells if cell.impossible} - without == {
        f"int8_bf16_{isa}" for isa in ISA_NAMES[:3]
    }


def test_cells_go_from_the_lowest_isa_up_whatever_was_asked() -> None:
    settings = load({"VGG19_ISAS": "AVX512_CORE_VNNI,AVX2", "VGG19_PRECISIONS": "int8,fp32"})
    names = [cell.name for cell in plan_cells(settings, ALL_FLAGS, {})]
    assert names == [
        "fp32_AVX2",
        "int8_AVX2",
        "fp32_AVX512_CORE_VNNI",
        "int8_AVX512_CORE_VNNI",
    ]


def test_amx_is_impossible_where_a_tile_operation_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: "no tiles")
    cells = plan_cells(load({"VGG19_ISAS": "AVX512_CORE_AMX"}), ALL_FLAGS, {})
    assert {cell.impossible for cell in cells} == {"no tiles"}


def test_this_host_has_flags() -> None:
    assert "fpu" in cpu_flags()
    assert cpu_fields()["model name"]


def test_int8_is_measured_twice_though_another_precision_goes_higher() -> None:
    bf16, fp32 = (PlannedCell(name, "AVX512_CORE_BF16", None) for name in ("bf16", "fp32"))
    lower, higher = (PlannedCell("int8", isa, None) for isa in ("AVX2", "AVX512_CORE_VNNI"))
    assert cell_to_repeat([lower, higher, bf16]) == higher
    assert cell_to_repeat([fp32]) == fp32


@pytest.mark.parametrize(
    ("variables", "alone"),
    [
        (
            {"VGG19_PRECISIONS": "fp32,bf16,int8"},
            [
                *("fp32_AVX2", "int8_AVX2", "fp32_AVX512_CORE", "int8_AVX512_CORE"),
                *("int8_AVX512_CORE_VNNI", "bf16_AVX512_CORE_BF16"),
                *("bf16_AVX512_CORE_AMX", "int8_AVX512_CORE_AMX"),
            ],
        ),
        # A cap below, with the instructions, need not be among those asked for.
        (
            {
                "VGG19_PRECISIONS": "fp32,int8",
                "VGG19_ISAS": "AVX2,AVX512_CORE_BF16,AVX512_CORE_FP16",
            },
            ["fp32_AVX2", "int8_AVX2", "fp32_AVX512_CORE_BF16", "int8_AVX512_CORE_BF16"],
        ),
    ],
)
def test_a_cap_without_other_instructions_for_a_precision_is_held_ready_for_nothing(
    variables: dict[str, str], alone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: None)
    settings = load(variables)
    possible = [cell for cell in plan_cells(settings, ALL_FLAGS, {}) if not cell.impossible]
    assert [cell.name for cell in expected_alone(possible, settings)] == alone
    every = load({**variables, "VGG19_ALL_CELLS": "1"})
    assert expected_alone(possible, every) == possible
