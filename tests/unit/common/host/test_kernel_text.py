import re
from pathlib import Path

import pytest

from stages.common.host.kernel_text import cpus_of, fields_of, name_of, text_of, whole_of


def test_what_is_no_list_names_no_cpu() -> None:
    assert cpus_of("0-2,8\n") == [0, 1, 2, 8]
    assert cpus_of("(null)") == cpus_of("0-99999999999") == cpus_of("") == []


@pytest.mark.parametrize("text", ["max", "-1", "", "\u00b2", "1 2", "0x10", "9" * 5000, "1_0"])
def test_what_is_no_number_is_unknown(text: str) -> None:
    assert whole_of(text) is None
    assert whole_of("18446744073709551615\n") == 2**64 - 1


def test_a_name_is_fit_to_be_shown() -> None:
    assert name_of(" A\x1b[31m CPU\n") == r"A\x1b[31m CPU"
    assert len(name_of("x" * 500)) == 120


def test_fields_have_names_and_values_without_blanks() -> None:
    text = "model name\t: A CPU: fast\nflags\t\t: avx2\n  Hypervisor vendor:   KVM\nno field\n"
    assert fields_of(text) == {
        "model name": "A CPU: fast",
        "flags": "avx2",
        "Hypervisor vendor": "KVM",
        "no field": "",
    }


def test_what_is_not_there_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text\n")
    assert text_of(tmp_path / "file") == "text"
    assert text_of(tmp_path / "missing") == text_of(tmp_path) == text_of(Path("a\0b")) == ""
    (tmp_path / "file").write_bytes(b"ab\xe9\n")
    assert text_of(tmp_path / "file") == "ab\N{REPLACEMENT CHARACTER}"


def test_a_value_that_the_kernel_makes_when_it_is_read_is_read() -> None:
    # It refuses to be asked for millions of bytes at once.
    assert re.fullmatch(r"[0-9a-f-]{36}", text_of(Path("/proc/sys/kernel/random/boot_id")))


def test_a_long_text_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\n" * 10**5)
    assert text_of(tmp_path / "cpuinfo").count("processor") == 10**5
