"""What must be so of every parser: it reads an input, or refuses it by its kind, quickly."""

import io
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from stages.errors import StageError

# The processor's time, so that a busy machine fails none. The longest input takes milliseconds.
MAX_SECONDS = 2.0
# Kept apart from what others find, and the same each time: what a gate finds must not be chance.
FIXED = {"derandomize": True, "database": None, "deadline": None, "print_blob": False}


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser, or a setting, under a name that is shown.

    - `read`: takes one of `inputs`; also asserts what must be so of its result.
    - `refuses`: what it may raise.
    """

    name: str
    inputs: SearchStrategy[Any]
    read: Callable[[Any], object]
    refuses: tuple[type[Exception], ...] = (StageError,)


@dataclass(slots=True)
class Outcome:
    """What a parser did: how many inputs it was given, and each failure with its input."""

    inputs: int = 0
    failures: list[str] = field(default_factory=list)


def check(parser: Parser, examples: int) -> Outcome:
    """Give a parser inputs until it fails, and then the shortest one that still does."""
    outcome = Outcome()

    @settings(
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        **FIXED,  # type: ignore[arg-type]
    )
    @given(parser.inputs)
    def hold(given: Any) -> None:
        outcome.inputs += 1
        last[:] = [given]
        try_one(parser, given)

    last: list[Any] = []
    try:
        hold()
    except Exception as error:  # noqa: BLE001 - any of them is a failure of the parser
        outcome.failures.append(f"{type(error).__name__}: {error}, for {shortened(last[0])}")
    return outcome


def try_one(parser: Parser, given: Any) -> None:
    """Raise whatever a parser does that it may not: AssertionError, or what it raised."""
    printed = io.StringIO()
    began = time.process_time()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            parser.read(given)
        except parser.refuses as error:
            assert_fit(error)
    seconds = time.process_time() - began
    assert not printed.getvalue(), f"it printed {printed.getvalue()!r}"
    assert seconds < MAX_SECONDS, f"it took {seconds:.1f} s"


def assert_fit(error: Exception) -> None:
    """Require one line, as it is printed at the end: a message does not repeat a long input."""
    if isinstance(error, StageError):
        assert str(error).strip(), "it says nothing"
        assert len(str(error)) < 3000, f"it says {len(str(error))} characters"


def shortened(given: Any) -> str:
    text = repr(given)
    return text if len(text) < 500 else f"{text[:500]}... ({len(text)} characters)"
