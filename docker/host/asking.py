"""Ask before something is changed. Standard library only, as bootstrap.py uses it."""

import sys


def agreed(question: str = "Go on?") -> bool:
    """Return whether a person says yes; nobody does if there is no terminal."""
    if not sys.stdin or not sys.stdin.isatty():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
    except KeyboardInterrupt:
        print()
        raise
