from pathlib import Path

import pytest

from stages.common.host.kernel_text import fields_of, format_list, parse_list, text_of


def test_a_list_is_read_and_written() -> None:
    assert parse_list("0-2,8\n") == [0, 1, 2, 8]
    assert format_list([0, 1, 8]) == "0,1,8"
    assert parse_list(format_list([0, 1, 8])) == [0, 1, 8]
    assert parse_list("") == []


def test_a_list_that_is_none_is_refused() -> None:
    for text in ("a", "0,,1", "0-"):
        with pytest.raises(ValueError, match="invalid literal"):
            parse_list(text)


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
    assert text_of(tmp_path / "missing") == text_of(tmp_path) == ""
