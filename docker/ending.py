"""How a task of invoke ends."""

from invoke.exceptions import Exit

from stages.errors import NotTrustedError

# That a run is not to be trusted, until all tasks have been run.
_kept: list[int] = []


def end_with(code: int) -> None:
    """End invoke with an exit code, unless it is 0, after which the next task is run.

    The next task is run, too, if all was done that a run does which is not to be trusted; `end`
    then has its code.
    """
    if code == NotTrustedError.exit_code:
        _kept.append(code)
    elif code:
        raise Exit(code=code)


def end() -> None:
    """End invoke after its last task, with a code if what a task measured is not to be trusted."""
    if _kept:
        raise Exit(code=_kept.pop())
