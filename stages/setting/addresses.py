"""Addresses of models: which are fetched from a network, and how any address may be shown."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

REMOTE = ("http://", "https://")
HIDDEN = "***"
# Before the name of a backbone that was given by its path.
GIVEN = "given"
_UNFIT = re.compile(r"[^\w.+@=-]")
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d+){3}")
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
# Up to the last `@`, as a password may hold a quote.
_ADDRESS = re.compile(rf"\b({_SCHEME})((?:\S*@)?[^\s'\"<>]*)")
_HANDLE = re.compile(rf"\s*{_SCHEME}")
_IPV6 = r"\[[0-9A-Fa-f:.]*\](?::\d*)?(?:[/?#]|$)"
# Up to the last `@`, if that comes before the path; or if what looks like a port is none, as a
# password may hold a slash, a question mark or a hash.
_USER = re.compile(rf"^(?:[^/?#]*@|(?!{_IPV6})[^/?#@]*:(?!\d*(?:[/?#]|$)).*@)", re.DOTALL)
_VALUE = re.compile(r"(?<=[?&])(?:([^=&#]*=))?[^&#]+")


def is_remote(handle: str) -> bool:
    """Return whether a backbone's handle is fetched from a network."""
    return handle.lower().startswith(REMOTE)


def local_path(handle: str) -> Path | None:
    """Return the path that a handle names, None if it is no path of this machine.

    `~` is a home, which no shell may have expanded.
    """
    if "://" not in handle:
        with suppress(RuntimeError, ValueError):  # nobody has that home, or can have it
            return Path(handle).expanduser()
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


def redacted_handle(handle: str) -> str:
    """Return a backbone's handle without secrets; all of it is one address, or it is a path.

    What this returns is a handle, too, of which it returns the same.
    """
    scheme = _HANDLE.match(handle)
    return scheme[0] + _without_secrets(handle[scheme.end() :]) if scheme else handle


def recorded_handle(handle: str) -> str:
    """Return a backbone's name or handle as records have it: of a path, its last part alone.

    What is before that may name a user. What this returns for a path is never one of our names.
    """
    path = local_path(handle) if "/" in handle else None
    return redacted_handle(handle) if path is None else f"{GIVEN}/{given_name(path)}"


def given_name(path: Path, otherwise: str = "backbone") -> str:
    """Return the last part of a path as a name that any file system, record or terminal can have.

    That is `otherwise` if there is none. It has word characters and `.+@=-` alone.
    """
    return _UNFIT.sub("_", path.name.strip(".") and path.name) or otherwise


def has_secrets(handle: str) -> bool:
    """Return whether a handle has anything that is not to be shown."""
    return redacted_handle(handle) != handle


def redacted_address(address: str) -> str:
    """Return what was given for an address, without secrets, whatever is wrong with it."""
    if _HANDLE.match(address):
        return redacted_handle(address)
    user, _, place = address.rpartition("@")
    return (f"{HIDDEN}@" if user else "") + _without_secrets(place)


def _without_secrets(rest: str) -> str:
    shown = _USER.sub(f"{HIDDEN}@", rest)
    return _VALUE.sub(lambda match: (match[1] or "") + HIDDEN, shown)
