"""What another program says, as it may be shown."""

import pytest

from stages.setting import foreign_words


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("first\nlast\n\n \n", "last"),
        ("can't reach https://me:secret@proxy.example:3128/x?key=1", None),
        ("a\r\nred \x1b[31m\u202etext", "red \\x1b[31m\\u202etext"),
        (" \n", "code 3"),
        ("", "code 3"),
    ],
)
def test_the_last_line_with_words_is_shown_without_secrets(said: str, line: str | None) -> None:
    shown = foreign_words.last_line(said, "code 3")
    assert line is None or shown == line
    assert "secret" not in shown
    assert "key=1" not in shown


def test_all_that_was_said_is_one_line_of_limited_length() -> None:
    assert foreign_words.shown("one\n  two\tthree") == "one two three"
    assert len(foreign_words.shown("x" * 1000)) == foreign_words.MAX_SAID
    assert foreign_words.shown("x" * 1000, 10) == "xxxxxxx..."
