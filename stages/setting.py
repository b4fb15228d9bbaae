"""What is known of a setting: its help, who reads it, how its text is read and checked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a setting beside its name: help, users, how to read and check it."""

    help: str
    programs: tuple[str, ...]
    read: Callable[[str], Any] = str
    check: Callable[[Any], bool] = lambda _: True
    allowed: str = ""
    is_switch: bool = False


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _subset_of(known: Sequence[str]) -> Callable[[Any], bool]:
    return lambda names: bool(names) and set(names) <= set(known)


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


def choices(default: tuple[str, ...], known: Sequence[str], help: str, *programs: str) -> Any:
    """Return the field of a comma list of names among `known`."""
    spec = Spec(help, programs, _names, _subset_of(known), f"a comma list of {', '.join(known)}")
    return setting(default, spec)


def one_of(default: str, known: Sequence[str], help: str, *programs: str) -> Any:
    """Return the field of one name among `known`."""
    allowed = " or ".join(known)
    return setting(default, Spec(help, programs, str, lambda name: name in known, allowed))


def fraction(default: float, help: str, *programs: str) -> Any:
    """Return the field of a number between 0 and 1, neither included."""
    spec = Spec(help, programs, float, lambda x: 0.0 < x < 1.0, "a number between 0 and 1")
    return setting(default, spec)


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
