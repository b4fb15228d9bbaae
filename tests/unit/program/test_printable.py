import pytest

from stages.errors import SettingsError, exit_code_of
from stages.program.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with an umlaut: ü", "plain, with an umlaut: ü"),
        ("a\nverify: all is well", r"a\nverify: all is well"),
        ("\x1b[2J\x9b31m", r"\x1b[2J\x9b31m"),
        ("left\u202eright", r"left\u202eright"),
        ("\udcff", r"\udcff"),
        ("it's", "it's"),
    ],
)
def test_what_would_steer_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_where_it_says_so() -> None:
    assert printable("x" * 100, limit=10) == "x" * 7 + "..."
    assert printable("x" * 10, limit=10) == "x" * 10


def test_an_error_stays_on_its_line_whatever_name_is_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise SettingsError("no file a\nverify: 9 files are as they were\x1b[1A")

    assert exit_code_of("verify", fail) == SettingsError.exit_code
    assert capsys.readouterr().err.splitlines() == [
        r"verify: error: no file a\nverify: 9 files are as they were\x1b[1A"
    ]
