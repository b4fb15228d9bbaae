r"""The language of `.env` files, as `docker compose` reads it.

A statement is `NAME=value` or `NAME: value`, maybe after `export`; `NAME` alone leaves the variable
as the environment has it. A value in quotes may go over several lines, and another statement may
follow on the last of them. What follows ` #` is a comment, unless it is quoted.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from stages.errors import SettingsError

# Go's spaces, within a line and between lines.
BLANK = "\t\v\f\r \x85\xa0"
SPACE = BLANK + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
EXPORT = re.compile(rf"export(?=[\s])[{BLANK}]*", re.ASCII)
ENDS_NAME, IN_NAME = "=:\n", "_.-[]"
PLAIN = re.compile(r"[\w./:@%+,=-]*")
SINGLE, DOUBLE, ESCAPE = "'", '"', "\\"
QUOTED = {
    SINGLE: re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
    DOUBLE: re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
}
ESCAPED = re.compile(r'\\(?:([abfnrtv"\\])|0(\d{0,3}))', re.ASCII)
OCTAL = re.compile(r"[0-3][0-7]{2}")
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one says: the variable's name, its value, the lines it begins and ends on, from 1.

    `value` is None if there is a name alone. `is_template` if compose replaces what a `$` names.
    """

    name: str
    value: str | None
    line: int
    last_line: int
    is_template: bool


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements in order; SettingsError with the line of one that compose refuses."""
    place, line, counted = _skip(text, 0), 1, 0
    while place < len(text):
        line, counted = line + text.count("\n", counted, place), place
        name, ending, place = _name(text, place, line)
        if ending in ("", "\n"):
            yield Statement(name, None, line, line, is_template=False)
        else:
            begin = place
            value, is_template, place = _value(text, place, line)
            yield Statement(name, value, line, line + text.count("\n", begin, place), is_template)
        place = _skip(text, place)


def written(value: str) -> str:
    """Return a value as it stands in the file, so that it is read as it is.

    Raises SettingsError if no way to write it is.
    """
    if PLAIN.fullmatch(value):
        return value
    if ESCAPE + SINGLE not in value + SINGLE:
        return f"{SINGLE}{value.replace(SINGLE, ESCAPE + SINGLE)}{SINGLE}"
    # Within single quotes no backslash can be the last one, or stand before a quote.
    if "$" in value:
        raise SettingsError(
            f"{value} has a $, and a backslash before a quote or its end; rename it"
        )
    escaped = value.replace(ESCAPE, ESCAPE * 2).replace(DOUBLE, ESCAPE + DOUBLE)
    return f"{DOUBLE}{escaped}{DOUBLE}"


def _skip(text: str, place: int) -> int:
    """Return where the next statement begins, past blanks and comments."""
    while place < len(text) and text[place] in SPACE + "#":
        comment = text[place] == "#"
        place = _end_of_line(text, place) if comment else place + 1
    return place


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _name(text: str, place: int, line: int) -> tuple[str, str, int]:
    """Return a name, the character that ends it, "" for the end of the file, and the next place."""
    if prefix := EXPORT.match(text, place):
        place = prefix.end()
    end = next((i for i in range(place, len(text)) if text[i] in ENDS_NAME), len(text))
    name = text[place:end].rstrip(SPACE)
    strange = next((char for char in name if not _may_be_in_name(char)), "")
    if strange or not name:
        # Without the line itself, which may hold a password.
        cause = f"has {strange!r} in its name" if strange else "has no name"
        raise SettingsError(f"line {line} of .env {cause}; write NAME=value there")
    return name, text[end : end + 1], min(end + 1, len(text))


def _may_be_in_name(char: str) -> bool:
    # compose lets blanks other than a space pass, but a program can hardly have meant them.
    return char in IN_NAME or unicodedata.category(char)[0] in "LN"


def _value(text: str, place: int, line: int) -> tuple[str, bool, int]:
    """Return a value, whether it is a template, and the place behind it."""
    while text[place : place + 1] and text[place] in BLANK:
        place += 1
    if (quote := text[place : place + 1]) not in QUOTED:
        end = _end_of_line(text, place)
        return text[place:end].partition(" #")[0].rstrip(SPACE), True, end
    found = QUOTED[quote].match(text, place)
    if not found:
        raise SettingsError(f"line {line} of .env has no closing quote; write it after the value")
    inside = found[1].replace(f"\\{quote}", quote) if quote == SINGLE else _unescaped(found[1])
    return inside, quote == DOUBLE, found.end()


def _unescaped(text: str) -> str:
    return ESCAPED.sub(_character, text)


def _character(escaped: re.Match[str]) -> str:
    digits = escaped[2]
    if digits is None:
        return ESCAPES.get(escaped[1], escaped[1])
    return chr(int(digits, 8)) if OCTAL.fullmatch(digits) else f"\\{digits}"
