"""A mirror of the user's own, which is asked before all others: by which name it has a file."""

from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from stages.download.limits import Wanted

ARCHIVES = (".tar.gz", ".tgz", ".tar")


def mirrored(wanted: Wanted, mirror: str, name: str) -> Wanted:
    """Return what is wanted, asked for first under `name` at the address `mirror`, if there is one.

    A name that is empty is that of a file which no mirror has.
    """
    if not mirror or not name:
        return wanted
    return replace(wanted, url=at_mirror(mirror, name), copies=(wanted.url, *wanted.copies))


def at_mirror(mirror: str, name: str) -> str:
    """Return the address of a file on a mirror, whose own may end with a query."""
    parts = urlsplit(mirror)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))


def name_of_module(handle: str) -> str:
    """Return a module's name on a mirror, HOST/PATH.tar.gz for https://HOST/PATH.

    It is empty for a handle with a query, as that may choose between modules.
    """
    try:
        parts = urlsplit(handle)
    except ValueError:
        return ""  # what is wrong with it is said when it is asked for
    host = parts.netloc.rpartition("@")[2]
    if parts.query or not host or not parts.path.strip("/"):
        return ""
    name = host + parts.path.rstrip("/")
    return name if name.endswith(ARCHIVES) else f"{name}.tar.gz"
