"""Addresses of models: which are fetched from a network, and how any address may be shown."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

REMOTE = ("http://", "https://")
HIDDEN = "***"
# Before the name of a backbone that was given by its path.
GIVEN = "given"
_UNFIT = re.compile(r"[^\w.+@=-]")
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d+){3}")
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
# In the midst of a text a colour's code may stand right before a scheme. Up to the last `@`, as a
# password may hold a quote.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z0-9+.-]+://)((?:\S*@)?[^\s'\"<>]*)")
_HANDLE = re.compile(rf"\s*{_SCHEME}")
_IPV6 = r"\[[^\]/?#@]*\]"
_HOST = rf"^({_IPV6}|(?!{_IPV6})[^/?#:@]*):"
# What should be a port and is none: a password, if its host was left out. In the midst of a text,
# a sign may follow a port.
_NO_PORT = re.compile(rf"{_HOST}(?!\d*(?:[/?#]|$)).*", re.DOTALL)
_NO_PORT_IN_TEXT = re.compile(rf"{_HOST}(?!\d*(?:\W|$)).*", re.DOTALL)
_BEHIND_HOST = re.compile(r"[/?#].*", re.DOTALL)
# A path may hold an `@`, and has nothing before it.
_OF_FILES = re.compile(r"\s*file://", re.IGNORECASE)
_PATH = re.compile(r"(?:localhost)?/")
# What may be meant as an address: any scheme, and a name and password before a host, however the
# scheme is misspelt. A path with one slash at a time, and no colon before an `@`, is never one.
_LIKE_ADDRESS = re.compile(r"://|(?:^[^/]*:|//|:/|^\s*https?\W).*@", re.DOTALL)
_MAY_HIDE = re.compile(r"://|(?::|//|^\s*https?\W).*@", re.DOTALL)
# Parameters, a query or a fragment: any of it may be a key. The path of a file may hold a `;`.
_BEHIND_PATH = re.compile(r"([;?#]).+", re.DOTALL)
_BEHIND_FILE = re.compile(r"([?#]).+", re.DOTALL)


def is_remote(handle: str) -> bool:
    """Return whether a backbone's handle is fetched from a network."""
    return handle.lower().startswith(REMOTE)


def why_no_address(text: str) -> str:
    """Return why a text is no address of the web, in words without any of it; "" if it is one.

    One with an `@` behind its host is none, though it can be read: that may be the end of a
    password with a slash, of which all before would be taken for host and port.
    """
    if hides_password(text):
        return (
            "in a name or password write / ? # as %2F %3F %23, and behind the host write @ as %40"
        )
    if not (is_remote(text) and parts_of(text)):
        return "no address of the web"
    return "an address of the web has no blank" if any(map(str.isspace, text)) else ""


def parts_of(address: str) -> SplitResult | None:
    """Return the parts of an address that has a host, and no port that can't be; else None."""
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:  # brackets that are no address of version 6, or a port that can't be
        return None


def hides_password(address: str) -> bool:
    """Return whether what is read as host, path or query may be a part of a password."""
    behind = _BEHIND_HOST.search(address.partition("://")[2] or address)
    return bool(behind and "@" in behind[0])


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


def why_no_path(text: str) -> str:
    """Return why a text for a path may be meant as an address, "" if it is none.

    It may hold a password, which would be shown wherever a path is.
    """
    if local_path(text) is None:
        return "an address of another machine"
    if not _LIKE_ADDRESS.search(text) or _OF_FILES.match(text):
        return ""
    return "an address begins with https://, and a path with an @ has no // and no : before it"


def is_of_this_machine(place: str) -> bool:
    """Return whether NAME:PASSWORD@HOST:PORT is out of reach for other machines and containers."""
    parts = parts_of(f"//{place}")  # of no address at all, it is said when that is used
    return bool(parts and _LOOPBACK.fullmatch(parts.hostname or ""))


def redacted(text: str) -> str:
    """Return `text`, in which no address has a name, a password, or anything behind its path."""
    return _ADDRESS.sub(
        lambda match: match[1] + _without_secrets(match[1], match[2], _NO_PORT_IN_TEXT), text
    )


def redacted_handle(handle: str) -> str:
    """Return a backbone's handle without secrets; all of it is one address, or it is a path.

    What this returns is a handle, too, of which it returns the same.
    """
    scheme = _HANDLE.match(handle)
    return scheme[0] + _without_secrets(scheme[0], handle[scheme.end() :]) if scheme else handle


def recorded_handle(handle: str) -> str:
    """Return a backbone's name or handle as records have it: of a path, its last part alone.

    What is before that may name a user. What this returns for a path is never one of our names.
    """
    path = local_path(handle) if "/" in handle else None
    return redacted_handle(handle) if path is None else f"{GIVEN}/{given_name(path)}"


def recorded_model(text: str) -> str:
    """Return the path of a model as records have it, which is as that of a backbone; empty if none.

    Other than a backbone's, it need not have a `/` in it.
    """
    path = local_path(text) if text else None
    return "" if path is None else f"{GIVEN}/{given_name(path, 'model')}"


def given_name(path: Path, unnamed: str = "backbone") -> str:
    """Return the last part of a path as a name that any file system, record or terminal can have.

    It has word characters and `.+@=-` alone; it is `unnamed` if nothing of it is left.
    """
    return _UNFIT.sub("_", path.name.strip(".") and path.name) or unnamed


def has_secrets(handle: str) -> bool:
    """Return whether a handle has anything that is not to be shown."""
    return redacted_handle(handle) != handle


def redacted_address(address: str) -> str:
    """Return what was given for an address, without secrets, whatever is wrong with it."""
    if _HANDLE.match(address):
        return redacted_handle(address)
    return _without_secrets("", address)


def fit_to_show(text: str) -> str:
    """Return what was given, without secrets if it may be meant as an address."""
    return redacted_address(text) if _MAY_HIDE.search(text) else text


def name_in(word: str) -> str:
    """Return what may be shown of a word of a command line: what is before `=`, without secrets."""
    if "@" in word and not word.startswith("-"):  # there may be a `=` in a password
        return redacted_address(word)
    return redacted_address(word.partition("=")[0])


def _without_secrets(scheme: str, rest: str, no_port: re.Pattern[str] = _NO_PORT) -> str:
    """Return what follows a scheme: without all up to the last `@`, wherever that is.

    A password may hold a slash, a question mark or a hash, which would end it if it were escaped.
    """
    if _OF_FILES.fullmatch(scheme) and _PATH.match(rest):
        return _BEHIND_FILE.sub(rf"\1{HIDDEN}", rest)
    _, at, place = rest.rpartition("@")
    shown = (HIDDEN + at if at else "") + no_port.sub(rf"\1:{HIDDEN}", place)
    return _BEHIND_PATH.sub(rf"\1{HIDDEN}", shown)
