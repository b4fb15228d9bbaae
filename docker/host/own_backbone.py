"""A backbone of the user's own, by the path under which the stage sees it."""

import os
from pathlib import Path

from stages.errors import SettingsError
from stages.setting.addresses import local_path

# What compose.yaml calls the artifacts folder in each container.
INSIDE = Path("/artifacts")


def as_container_sees(handle: str, root: Path) -> str:
    """Return a backbone as train's container knows it, which sees nothing but the folder `root`.

    Raises SettingsError for a folder that lies elsewhere.
    """
    path = _path_of(handle)
    if path is None or not os.path.isdir(path):  # noqa: PTH112 - pathlib's fails for a long name
        return handle  # which may be in the container's words already; else train refuses it
    if root not in path.parents:
        raise SettingsError(
            f"the backbone {path} is not in the artifacts folder, and a container sees no other; "
            f"copy it to {root}/.cache/hub/, or give --runner local"
        )
    return str(INSIDE / path.relative_to(root))


def as_process_sees(handle: str) -> str:
    """Return a backbone as a process in another working directory knows it."""
    path = _path_of(handle)
    return handle if path is None else str(path)


def _path_of(handle: str) -> Path | None:
    """Return the whole path that a handle names, None for a named backbone or an address."""
    path = local_path(handle) if "/" in handle else None
    return path.resolve() if path else None
