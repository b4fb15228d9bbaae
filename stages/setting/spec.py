"""What is known of a setting: its help, who reads it, how its text is read and checked."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.setting.addresses import why_no_path
from stages.setting.cpu_list import parse_list
from stages.setting.ranges import Range, plain
from stages.setting.suggestion import did_you_mean

# What no text may have: control characters, halves of UTF-16 pairs, and line separators. The last
# two come from bytes that are no UTF-8, which no record can hold.
UNFIT = {"Cc", "Cs", "Zl", "Zp"}
# Linux, limits.h: PATH_MAX and NAME_MAX. No other value needs as much.
MAX_TEXT, MAX_NAME = 4096, 255
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a setting beside its name and its default.

    - `help`: what it means; `programs`: those that read it.
    - `read`, `check`: how its text becomes a value, and whether that may be given; `read` raises
      ValueError, with the reason if it is no plain one.
    - `allowed`: what may be given, as a refusal says it.
    - `values`: what each means, if only certain ones may be given.
    - `recorded`: a value as JSON has it, if that is another than the value itself.
    - `is_switch`: a command line gives it no value.
    - `show`: its text as a refusal repeats it, for one that may hold a password.
    - `alters`: what a program makes may depend on it. Then the record has it, and another value
      makes the program run again.
    """

    help: str
    programs: tuple[str, ...]
    read: Callable[[str], Any] = str
    check: Callable[[Any], bool] = lambda _: True
    allowed: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    is_switch: bool = False
    alters: bool = True
    show: Callable[[str], str] = str
    recorded: Callable[[Any], Any] = lambda value: value

    def in_words(self) -> str:
        """Return what the setting means, what may be given, and what each value means."""
        allowed = "" if self.is_switch else self.allowed
        meanings = "; ".join(f"{value}: {meaning}" for value, meaning in self.values.items())
        return ". ".join(filter(None, ("; ".join(filter(None, (self.help, allowed))), meanings)))

    def value_of(self, text: str) -> Any:
        """Return the value that a text stands for; ValueError, with the reason, if there is none.

        Blanks around it don't count.
        """
        if len(text) > MAX_TEXT:
            raise ValueError(f"it has {len(text)} characters")
        if not text.strip():
            raise ValueError("it is empty")
        if any(unicodedata.category(char) in UNFIT for char in text):
            raise ValueError("it has characters that can't be shown, or bytes that are no UTF-8")
        return self.read(text.strip())


def names(text: str) -> tuple[str, ...]:
    """Return the parts of a comma list; ValueError, with the reason, if one is empty."""
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise ValueError("a part of the list is empty")
    return parts


def setting(default: Any, spec: Spec) -> Any:
    """Return a dataclass field that carries its Spec."""
    return field(default=default, metadata={"spec": spec})


def whole(default: int, bounds: Range, help: str, *programs: str, alters: bool = True) -> Any:
    """Return the field of a whole number within `bounds`."""
    allowed = f"a whole number {bounds} ({bounds.reason})"
    spec = Spec(help, programs, read_whole, bounds.__contains__, allowed, alters=alters)
    return setting(default, spec)


def decimal(default: float, bounds: Range, help: str, *programs: str, alters: bool = True) -> Any:
    """Return the field of a number within `bounds`."""
    allowed = f"a number {bounds} ({bounds.reason})"
    spec = Spec(help, programs, read_decimal, bounds.__contains__, allowed, alters=alters)
    return setting(default, spec)


def choices(
    default: tuple[str, ...],
    known: Mapping[str, str],
    help: str,
    *programs: str,
    alters: bool = True,
    keeps_order: bool = False,
) -> Any:
    """Return the field of a comma list of names among `known`, which says what each means.

    At least one must be given, if any is. They are in the order of `known`, whatever order they are
    given in, unless that is what says which comes first.
    """
    order = [*known].index
    spec = Spec(
        help,
        programs,
        lambda text: _distinct(
            [_known(name, known) for name in names(text)], None if keeps_order else order
        ),
        lambda chosen: bool(chosen or not default) and set(chosen) <= set(known),
        f"a comma list of {', '.join(known)}",
        values=known,
        alters=alters,
    )
    return setting(default, spec)


def one_of(default: str, known: Mapping[str, str], help: str, *programs: str) -> Any:
    """Return the field of one name among `known`, which says what each means."""
    spec = Spec(
        help,
        programs,
        lambda text: _known(text, known),
        lambda name: name in known,
        " or ".join(known),
        values=known,
    )
    return setting(default, spec)


def fraction(default: float, least: float, help: str, *programs: str) -> Any:
    """Return the field of a number below 1, and not below `least`."""
    allowed = f"a number between 0 and 1, at least {plain(least)}"
    return setting(default, Spec(help, programs, read_decimal, lambda x: least <= x < 1, allowed))


def path(default: str, help: str, *programs: str) -> Any:
    """Return the field of a path, which says nothing of what is there."""
    spec = Spec(help, programs, _read_path, allowed="a path", alters=False)
    return setting(Path(default), spec)


def sizes(default: tuple[int, ...], bounds: Range, help: str, *programs: str) -> Any:
    """Return the field of a comma list of whole numbers, each within `bounds`, the least first.

    At least one must be given, if any is.
    """
    spec = Spec(
        help,
        programs,
        lambda text: _distinct([read_whole(part) for part in names(text)], int),
        lambda numbers: (
            bool(numbers or not default) and all(number in bounds for number in numbers)
        ),
        f"a comma list of whole numbers, each {bounds} ({bounds.reason})",
    )
    return setting(default, spec)


def cpus(help: str, *programs: str) -> Any:
    """Return the field of a list of CPUs, empty by default; records have those really used."""
    spec = Spec(help, programs, _read_cpus, allowed="a list such as 0-3,8", alters=False)
    return setting("", spec)


def switch(help: str, *programs: str, alters: bool = True) -> Any:
    """Return the field of a switch that is off by default; a command line gives it no value."""
    spec = Spec(help, programs, _truth, allowed="1 or 0", is_switch=True, alters=alters)
    return setting(False, spec)


def read_whole(text: str) -> int:
    """Return the number that plain digits stand for; ValueError if there is anything else."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("")
    return int(text)


def as_text(value: Any) -> str:
    """Return a value as it would be given: a comma list for several."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_decimal(text: str) -> float:
    """Return the number that a text stands for; ValueError if there is anything else."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("")
    return float(text)


def _read_path(text: str) -> Path:
    """Return a path; `~` is a home, as it is for compose, which no shell may have expanded."""
    if reason := why_no_path(text):
        raise ValueError(reason)
    if max(len(part.encode()) for part in text.split("/")) > MAX_NAME:
        raise ValueError(f"a name in it has more than {MAX_NAME} bytes")
    with suppress(RuntimeError):  # nobody has that home
        return Path(text).expanduser()
    return Path(text)


def _read_cpus(text: str) -> str:
    """Return the list as it was given, checked."""
    parse_list(text)
    return text


def _truth(text: str) -> bool:
    value = {"1": True, "true": True, "0": False, "false": False}.get(text.lower())
    if value is None:
        raise ValueError("")
    return value


def _known(text: str, known: Mapping[str, str]) -> str:
    """Return the name among `known` that `text` is, in any case of letters."""
    by_form = {name.lower(): name for name in known}
    if not text.isascii() or text.lower() not in by_form:
        raise ValueError(did_you_mean(text, known))
    return by_form[text.lower()]


def _distinct(values: Sequence[Any], order: Callable[[Any], int] | None) -> tuple[Any, ...]:
    """Return values in an order, as they are without one; ValueError if one is there twice."""
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f"{twice[0]} is there twice")
    return tuple(sorted(values, key=order) if order else values)
