"""CPUID, XGETBV and arch_prctl as on an AMX machine, in whatever object they are asked."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.building import build_program, run

Program = Callable[..., Path]
TILE, INT8, BF16, FP16_VECTORS, FP16 = 1 << 24, 1 << 25, 1 << 22, 1 << 23, 1 << 21
TILE_STATES = 3 << 17


def answers(library: Path, program: Path, **settings: str) -> dict[str, list[int]]:
    done = run(library, program, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rsplit(" ", 4) for line in done.stdout.splitlines() if line[0] == "c"]
    found = {name: [int(value, 16) for value in values] for name, *values in lines}
    others = [line.split() for line in done.stdout.splitlines() if line[0] != "c"]
    return found | {name: [int(value, 16) for value in values] for name, *values in others}


def test_cpuid_claims_amx_its_palette_and_its_state(library: Path, program: Program) -> None:
    found = answers(library, program("answers"))

    assert found["cpuid 0.0"][0] >= 0x1E
    assert found["cpuid 7.0"][3] & (TILE | INT8 | FP16_VECTORS) == TILE | INT8 | FP16_VECTORS
    assert found["cpuid 7.1"][0] & FP16 == 0
    assert found["cpuid d.0"][0] & TILE_STATES == TILE_STATES
    assert found["cpuid d.0"][2] == 11008
    assert found["cpuid d.11"] == [64, 2752, 2, 0]
    assert found["cpuid d.12"] == [8192, 2816, 6, 0]
    assert found["cpuid 1d.0"] == [1, 0, 0, 0]
    assert found["cpuid 1d.1"] == [1024 << 16 | 8192, 8 << 16 | 64, 16, 0]
    assert found["cpuid 1e.0"] == [0, 64 << 8 | 16, 0, 0]
    assert found["cpuid 80000000.0"][0] > 0x80000000


def test_a_program_at_a_fixed_address_asks_too(library: Path, tmp_path: Path) -> None:
    found = answers(library, build_program(tmp_path, "answers", "-no-pie"))

    assert found["cpuid 7.0"][3] & TILE


def test_a_program_that_the_loader_is_told_to_run_asks_too(library: Path, program: Program) -> None:
    done = run(library, "/lib64/ld-linux-x86-64.so.2", program("answers"))

    assert "cpuid 1e.0 0 4010 0 0\n" in done.stdout


def test_linux_grants_tiles_when_asked(library: Path, program: Program) -> None:
    found = answers(library, program("answers"))

    assert found["xgetbv"][0] & TILE_STATES == TILE_STATES
    assert found["supported"][0] & TILE_STATES == TILE_STATES
    assert found["before"][0] & TILE_STATES == 1 << 17
    assert found["after"][0] & TILE_STATES == TILE_STATES


def test_fp16_is_claimed_only_if_asked_for(library: Path, program: Program) -> None:
    found = answers(library, program("answers"), AMXEMU_FP16="1")

    assert found["cpuid 7.1"][0] & FP16


def test_without_bfloat16_int8_alone_is_claimed(test_library: Path, program: Program) -> None:
    found = answers(test_library, program("answers"), AMXEMU_TEST_LACKS="avx512bf16")
    product = run(test_library, program("counted"), AMXEMU_TEST_LACKS="avx512bf16")

    assert found["cpuid 7.0"][3] & (TILE | INT8 | BF16) == TILE | INT8
    assert found["cpuid 7.1"][0] & 1 << 5 == 0
    assert product.returncode == -signal.SIGILL
    assert "TDPBF16PS, which is not claimed since this CPU lacks avx512_bf16" in product.stderr


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_program(tmp_path_factory.mktemp("plugin"), "plugin", "-shared", "-fPIC")


def test_a_library_loaded_later_sees_tiles_in_its_constructor(
    library: Path, program: Program, plugin: Path
) -> None:
    done = run(library, program("loader"), plugin)

    assert (done.stdout, done.stderr) == ("it saw tiles\n", "")


def test_a_library_linked_with_the_program_sees_tiles_in_its_constructor(
    library: Path, plugin: Path
) -> None:
    linked = build_program(plugin.parent, "linked", str(plugin))

    assert run(library, linked).stdout == "it saw tiles\n"


def test_code_with_relocations_is_not_read_from_its_file_again(
    library: Path, tmp_path: Path
) -> None:
    options = ("-shared", "-fno-pic", "-mcmodel=large", "-Wl,-z,notext")
    plugin = build_program(tmp_path, "plugin", *options)
    linked = build_program(tmp_path, "linked", str(plugin))
    done = run(library, linked)

    assert (done.stdout, done.stderr) == ("it saw tiles\n", "")


def test_an_unloaded_librarys_addresses_are_forgotten(
    library: Path, program: Program, plugin: Path
) -> None:
    done = run(library, program("loader"), plugin, "unmapped")

    assert (done.returncode, done.stdout) == (-signal.SIGILL, "")
    assert done.stderr.startswith("amxemu: not an instruction of AMX")


def test_the_programs_own_signals_are_kept(library: Path, program: Program) -> None:
    done = run(library, program("handlers"))

    assert (done.stdout, done.stderr) == ("kept\n", "")
