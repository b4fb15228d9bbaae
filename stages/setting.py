"""What is known of a setting: its help, who reads it, how its text is read and checked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a setting beside its name and its default.

    - `help`: what it means; `programs`: those that read it.
    - `read`, `check`: how its text becomes a value, and whether that may be given.
    - `allowed`: what may be given, as a refusal says it.
    - `values`: what each means, if only certain ones may be given.
    - `is_switch`: a command line gives it no value.
    """

    help: str
    programs: tuple[str, ...]
    read: Callable[[str], Any] = str
    check: Callable[[Any], bool] = lambda _: True
    allowed: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    is_switch: bool = False

    def in_words(self) -> str:
        """Return what the setting means, what may be given, and what each value means."""
        allowed = "" if self.is_switch else self.allowed
        meanings = "; ".join(f"{value}: {meaning}" for value, meaning in self.values.items())
        return ". ".join(filter(None, ("; ".join(filter(None, (self.help, allowed))), meanings)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _at_least(minimum: float) -> Callable[[Any], bool]:
    return lambda number: bool(minimum <= number < math.inf)


def setting(default: Any, spec: Spec) -> Any:
    """Return a dataclass field that carries its Spec."""
    return field(default=default, metadata={"spec": spec})


def whole(default: int, minimum: int, help: str, *programs: str) -> Any:
    """Return the field of a whole number from `minimum` up."""
    allowed = f"a whole number, {minimum} or more"
    return setting(default, Spec(help, programs, int, _at_least(minimum), allowed))


def decimal(default: float, minimum: float, help: str, *programs: str) -> Any:
    """Return the field of a finite number from `minimum` up."""
    allowed = f"a number, {minimum:g} or more"
    return setting(default, Spec(help, programs, float, _at_least(minimum), allowed))


def choices(default: tuple[str, ...], known: Mapping[str, str], help: str, *programs: str) -> Any:
    """Return the field of a comma list of names among `known`, which says what each means."""
    allowed = f"a comma list of {', '.join(known)}"
    return setting(
        default,
        Spec(
            help,
            programs,
            _names,
            lambda names: bool(names) and set(names) <= set(known),
            allowed,
            values=known,
        ),
    )


def one_of(default: str, known: Mapping[str, str], help: str, *programs: str) -> Any:
    """Return the field of one name among `known`, which says what each means."""
    allowed = " or ".join(known)
    return setting(
        default, Spec(help, programs, str, lambda name: name in known, allowed, values=known)
    )


def fraction(default: float, help: str, *programs: str) -> Any:
    """Return the field of a number between 0 and 1, neither included."""
    spec = Spec(help, programs, float, lambda x: 0.0 < x < 1.0, "a number between 0 and 1")
    return setting(default, spec)


def path(default: str, help: str, *programs: str) -> Any:
    """Return the field of a folder's path."""
    return setting(Path(default), Spec(help, programs, _path, allowed="a path"))


def _path(text: str) -> Path:
    """Return a path; `~` is a home, as it is for compose, which no shell may have expanded."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # nobody has that home
        return Path(text)


def sizes(default: tuple[int, ...], help: str, *programs: str) -> Any:
    """Return the field of a comma list of whole numbers from 1 up."""
    spec = Spec(
        help,
        programs,
        lambda text: tuple(int(part) for part in _names(text)),
        lambda numbers: bool(numbers) and min(numbers) >= 1,
        "a comma list of whole numbers, each 1 or more",
    )
    return setting(default, spec)


def switch(help: str, *programs: str) -> Any:
    """Return the field of a switch that is off by default; a command line gives it no value."""
    return setting(False, Spec(help, programs, _truth, allowed="1 or 0", is_switch=True))


def _truth(text: str) -> bool:
    return {"1": True, "true": True, "0": False, "false": False}[text.strip().lower()]


def as_text(value: Any) -> str:
    """Return a value as it would be given: a comma list for several."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
