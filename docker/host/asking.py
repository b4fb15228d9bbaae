"""Ask before something is changed. Standard library only, as bootstrap.py uses it."""

import sys


def is_possible() -> bool:
    """Return whether there is a terminal at which a person may answer."""
    return bool(sys.stdin and sys.stdin.isatty())


def agreed(question: str = "Go on?") -> bool:
    """Return whether a person says yes; nobody does if there is no terminal."""
    if not is_possible():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
    except KeyboardInterrupt:
        print()
        raise
