from pathlib import Path

import pytest

from stages.common.child_output import MAX_LINE, MAX_READ, print_tail


def shown(log: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> list[str]:
    log.write_bytes(content)
    print_tail(log)
    return capsys.readouterr().err.splitlines()


def test_the_last_lines_are_shown_with_tabs_as_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"".join(b"line\t%d\r\n" % number for number in range(100))
    assert shown(tmp_path / "log", content, capsys) == [f"line    {n}" for n in range(80, 100)]


def test_nothing_in_it_steers_the_terminal_or_begins_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(tmp_path / "log", b"\x1b]0;owned\x07\x1b[2J\rtrain: ok\n\xff\x0bx", capsys)
    assert lines == [r"\x1b]0;owned\x07\x1b[2J\rtrain: ok", "\N{REPLACEMENT CHARACTER}\\x0bx"]


def test_an_endless_line_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(tmp_path / "log", 10 * MAX_READ * b"x", capsys)
    assert len(line) == MAX_LINE
    assert line.endswith("...")


def test_a_log_that_is_gone_is_no_failure_of_its_own(tmp_path: Path) -> None:
    assert "above" in print_tail(tmp_path / "log")
