"""Who runs this, as messages name them. Standard library only, as bootstrap.py uses it."""

import os
import pwd


def this_user() -> str:
    """Return the user's number, with the name behind it if it has one: `1000 (name)`."""
    uid = os.getuid()
    try:
        return f"{uid} ({pwd.getpwuid(uid).pw_name})"
    except (KeyError, OSError):
        return str(uid)
