"""How a task of invoke ends."""

from invoke.exceptions import Exit


def end_with(code: int) -> None:
    """End invoke with an exit code, unless it is 0, after which the next task is run."""
    if code:
        raise Exit(code=code)
