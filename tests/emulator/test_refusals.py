"""What is refused is said in one line, and ends the process."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.building import build_library, run

Program = Callable[..., Path]
SAID = {
    "no-permission": "LDTILECFG: a tile is used without permission",
    "no-configuration": "TILEZERO: a tile is used and none is configured",
    "palette": "LDTILECFG: a palette other than 0 and 1",
    "reserved-byte": "LDTILECFG: reserved bytes set",
    "too-many-rows": "LDTILECFG: bad rows or columns",
    "ninth-tile": "LDTILECFG: bad rows or columns",
    "no-rows": "TILEZERO: a tile is used that has no rows",
    "mismatch": "TDPBUSD: the tiles of a product don't fit",
    "same-tile": "TDPBUSD: a tile product takes three tiles",
    "fp16": "not emulated: TDPFP16PS, which is not claimed without AMXEMU_FP16=1 at",
    "complex": "not emulated: TCMMIMFP16PS at",
    "transpose": "not emulated: TTRANSPOSED at",
    "reserved": "not emulated: AMX with a prefix, or in a reserved encoding at",
    "prefixed": "not emulated: AMX with a prefix, or in a reserved encoding at",
    "avx512-fp16": "not emulated: AVX512-FP16 (claimed, as on an AMX machine) at",
    "unknown": "not an instruction of AMX at",
}


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize("trap", ["0", "1"])
def test_what_is_refused_dies_by_sigill_with_one_line(
    library: Path, program: Program, kind: str, trap: str
) -> None:
    done = run(library, program("refusals"), kind, AMXEMU_TRAP=trap)

    assert (done.returncode, done.stdout) == (-signal.SIGILL, "")
    assert done.stderr.startswith(f"amxemu: {SAID[kind]}")
    assert done.stderr.count("\n") == 1


def test_a_line_about_an_unknown_instruction_has_its_bytes(library: Path, program: Program) -> None:
    done = run(library, program("refusals"), "complex")

    assert ": c4 e2 69 6c c1" in done.stderr


def test_what_is_allowed_goes_on(library: Path, program: Program) -> None:
    done = run(library, program("refusals"), "nothing")

    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


def test_tiles_in_a_handler_that_interrupts_their_use_end_the_process(
    library: Path, program: Program
) -> None:
    done = run(library, program("refusals"), "handler")

    assert done.returncode == 126
    assert done.stderr.startswith("amxemu: a signal handler uses tiles")


def test_no_file_descriptor_left_is_said(library: Path, program: Program) -> None:
    done = run(library, program("refusals"), "no-files")

    assert done.returncode == 126
    assert done.stderr == "amxemu: /proc/thread-self/mem can't be opened: EMFILE\n"


def test_a_signal_that_was_sent_is_only_that(library: Path, program: Program) -> None:
    done = run(library, program("refusals"), "sent")

    assert (done.returncode, done.stderr) == (-signal.SIGILL, "")


@pytest.mark.parametrize("feature", ["avx512f", "avx512bw", "avx512vl", "avx512_vnni", "bmi2"])
def test_a_cpu_that_lacks_a_feature_is_refused_by_name(test_library: Path, feature: str) -> None:
    done = run(test_library, "/bin/true", AMXEMU_TEST_LACKS=feature)

    assert done.returncode == 126
    assert done.stderr == (
        f"amxemu: can't begin: {feature}, which the emulation needs, is not there\n"
    )


def test_the_shipped_library_can_not_be_made_to_say_that_a_feature_is_absent(library: Path) -> None:
    assert b"AMXEMU_TEST_LACKS" not in library.read_bytes()


def test_a_cpu_with_amx_is_left_alone_and_reported_if_asked(test_library: Path) -> None:
    silent = run(test_library, "/bin/true", AMXEMU_TEST_HAS_AMX="1")
    reported = run(test_library, "/bin/true", AMXEMU_TEST_HAS_AMX="1", AMXEMU_REPORT="1")

    assert (silent.returncode, silent.stderr) == (0, "")
    assert (reported.returncode, reported.stderr) == (
        0,
        "amxemu: this CPU has AMX, nothing is emulated\n",
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"AMXEMU_REPROT": "1"}, "unknown setting: AMXEMU_REPROT=1"),
        ({"AMXEMU_TEST_LACKS": "fma"}, "unknown setting: AMXEMU_TEST_LACKS=fma"),
        ({"AMXEMU_TRAP": "yes"}, "AMXEMU_TRAP must be 0 or 1"),
    ],
)
def test_slips_in_settings_are_refused(library: Path, settings: dict[str, str], said: str) -> None:
    done = run(library, "/bin/true", **settings)

    assert (done.returncode, done.stderr) == (126, f"amxemu: {said}\n")


def test_more_objects_than_there_is_room_for_end_the_process(tmp_path: Path) -> None:
    small = build_library(tmp_path, "-DMAX_OBJECTS=2")
    done = run(small, "/bin/true")

    assert (done.returncode, done.stderr) == (
        126,
        "amxemu: more objects are loaded than there is room for\n",
    )


def test_more_sites_than_there_is_room_for_end_the_process(
    tmp_path: Path, program: Program
) -> None:
    small = build_library(tmp_path, "-DMAX_SITES=1")
    done = run(small, program("answers"))

    assert done.returncode == 126
    assert done.stderr == "amxemu: more CPUID instructions than there is room for\n"


def test_a_traced_process_is_refused(library: Path, program: Program) -> None:
    done = run(library, program("traced"), program("answers"))

    assert "amxemu: can't begin: a debugger follows the same breakpoint" in done.stderr
    assert done.stdout == "126\n"
