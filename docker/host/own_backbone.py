"""A backbone of the user's own, by its path on this machine: found, checked, shown to a container.

Standard library only, as all that prepares this machine.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from docker.host.variables import GIVEN_BACKBONE, GIVEN_NAME
from docker.paths import ROOT
from docker.standing import PLACE, from_here
from stages.errors import ModelError
from stages.files.given_module import require_module
from stages.program.printable import printable, shortened
from stages.setting.addresses import given_name, local_path

# What compose.yaml calls the artifacts folder in each container, and the folder of a backbone.
ARTIFACTS, INSIDE = Path("/artifacts"), Path("/given")
BACKBONE = "VGG19_BACKBONE"


def chosen(
    flag: str,
    environ: Mapping[str, str],
    shell: Mapping[str, str] = os.environ,
    place: Path = PLACE,
    root: Path = ROOT,
) -> str:
    """Return the backbone that a user chose, empty if none; a path becomes a whole one.

    `environ` is `shell` with what is in .env. A relative path starts in `place`, where the user
    is, if it is of the command line or the shell; in the checkout `root`, as compose has it, if it
    is of .env or the path for compose.
    """
    named, given = environ.get(BACKBONE, "").strip(), environ.get(GIVEN_BACKBONE, "").strip()
    if flag:
        return _whole(flag.strip(), place)
    if given:
        return _whole(f"./{given}" if "/" not in given else given, root)
    return _whole(named, place if shell.get(BACKBONE) else root)


def on_this_machine(handle: str, artifacts: Path) -> str:
    """Return a handle in which a container's name of what is in `artifacts` is this machine's."""
    path = path_of(handle)
    if path is None or ARTIFACTS not in path.parents or os.path.lexists(path):
        return handle
    return str(artifacts / path.relative_to(ARTIFACTS))


def require_usable(handle: str) -> None:
    """Check a backbone that is given by its path, for a container as for a process.

    Raises SettingsError if it is not there or can't be read, ModelError if it can be no module.
    """
    path = path_of(handle)
    if path is None:
        return
    require_module(path)
    for link in _ways_out(path.resolve()):
        raise ModelError(
            f"{printable(shortened(str(link)))} is a link out of the backbone's folder, where no "
            "container sees what it leads to; give a copy without links, as `cp -rL` makes it"
        )


def as_container_sees(handle: str) -> str:
    """Return a backbone as a container knows it."""
    path = path_of(handle)
    return handle if path is None else str(INSIDE / given_name(path))


def mount(handle: str) -> dict[str, str]:
    """Return the variables by which compose.yaml lets train's container see a backbone."""
    path = path_of(handle)
    if path is None:
        return {GIVEN_BACKBONE: "", GIVEN_NAME: ""}
    return {GIVEN_BACKBONE: str(path.resolve()), GIVEN_NAME: given_name(path)}


def path_of(handle: str) -> Path | None:
    """Return the path that a handle names, None for a named backbone or an address."""
    return local_path(handle) if "/" in handle else None


def _whole(handle: str, place: Path) -> str:
    path = path_of(handle)
    if path is None:
        return handle
    whole = from_here(str(path), place)
    return str(whole.resolve() if whole.name == ".." else whole)


def _ways_out(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder that are whole paths, or lead out of it."""
    for root, folders, files in os.walk(folder):
        for path in (Path(root, name) for name in (*folders, *files)):
            if path.is_symlink() and not _stays_in(folder, path):
                yield path


def _stays_in(folder: Path, link: Path) -> bool:
    target = Path(os.path.realpath(link))
    return not link.readlink().is_absolute() and folder in (target, *target.parents)
