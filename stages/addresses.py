"""Addresses of models: which are fetched from a network, and how any address may be shown."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

REMOTE = ("http://", "https://")
HIDDEN = "***"
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d+){3}")
_ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>]*)")
# Up to the last `@`, if that comes before the path; or behind a password that holds a slash.
_USER = re.compile(r"^(?:[^/?#]*@|[^/?#@]*:(?!\d*(?:[/?#]|$))[^?#\s]*@)")
_VALUE = re.compile(r"(?<=[?&])(?:([^=&#]*=))?[^&#]+")


def is_remote(handle: str) -> bool:
    """Return whether a backbone's handle is fetched from a network."""
    return handle.lower().startswith(REMOTE)


def local_path(handle: str) -> Path | None:
    """Return the path that a handle names, None if it is no path of this machine."""
    if "://" not in handle:
        return Path(handle)
    try:
        parts = urlsplit(handle)
    except ValueError:  # brackets that are no address of version 6
        return None
    path = unquote(parts.path)
    if parts.scheme.lower() != "file" or parts.netloc not in ("", "localhost") or "\0" in path:
        return None
    return Path(path)


def is_of_this_machine(place: str) -> bool:
    """Return whether NAME:PASSWORD@HOST:PORT is out of reach for other machines and containers."""
    try:
        name = urlsplit(f"//{place}").hostname or ""
    except ValueError:
        return False  # no address at all, which is said when it is used
    return bool(_LOOPBACK.fullmatch(name))


def redacted(text: str) -> str:
    """Return `text`, in which no address has a name, a password or a value of its query."""
    return _ADDRESS.sub(lambda match: match[1] + _without_secrets(match[2]), text)


def _without_secrets(rest: str) -> str:
    shown = _USER.sub(f"{HIDDEN}@", rest)
    return _VALUE.sub(lambda match: (match[1] or "") + HIDDEN, shown)
