"""Files of the user's own, by their path on this machine: found, checked, shown to a container.

Standard library only, as all that prepares this machine.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.host import variables
from docker.paths import ROOT
from docker.standing import PLACE, from_here
from stages.errors import ModelError
from stages.files.given_module import require_classifier, require_module
from stages.program.printable import printable, shortened
from stages.setting.addresses import given_name, local_path
from stages.setting.values import is_data_path

# What compose.yaml calls the artifacts folder in each container.
ARTIFACTS = Path("/artifacts")


@dataclass(frozen=True, slots=True)
class Own:
    """A setting that may be a path of the user's, and how train's container sees what is there.

    - `variable`: that of the setting.
    - `given`, `name`: the variables by which compose.yaml mounts it, in `folder`.
    - `check`: what is raised for a path that will not do; None if that is found elsewhere.
    - `path_of`: the path that the setting's text names, None if it names something else.
    """

    setting: str
    variable: str
    given: str
    name: str
    folder: Path
    check: Callable[[Path], None] | None
    path_of: Callable[[str], Path | None]

    def chosen(
        self,
        flag: str,
        environ: Mapping[str, str],
        shell: Mapping[str, str] = os.environ,
        place: Path = PLACE,
        root: Path = ROOT,
    ) -> str:
        """Return what a user chose, empty if nothing; a path becomes a whole one.

        `environ` is `shell` with what is in .env. A relative path starts in `place`, where the
        user is, if it is of the command line or the shell; in the checkout `root`, as compose has
        it, if it is of .env or the path for compose.
        """
        named, given = (environ.get(name, "").strip() for name in (self.variable, self.given))
        if flag:
            return self._whole(flag.strip(), place)
        if given:
            return self._whole(given if self.path_of(given) else f"./{given}", root)
        return self._whole(named, place if shell.get(self.variable) else root)

    def on_this_machine(self, text: str, artifacts: Path) -> str:
        """Return a text in which a container's name of what is in `artifacts` is this machine's."""
        path = self.path_of(text)
        if path is None or ARTIFACTS not in path.parents or os.path.lexists(path):
            return text
        return str(artifacts / path.relative_to(ARTIFACTS))

    def require_usable(self, text: str) -> None:
        """Check what is given by its path, for a container as for a process.

        Raises SettingsError if it is not there or can't be read, ModelError if it will not do.
        """
        path = self.path_of(text)
        if path is None or self.check is None:
            return
        self.check(path)
        for link in _ways_out(path.resolve()):
            raise ModelError(
                f"{printable(shortened(str(link)))} is a link out of the {self.setting}'s folder, "
                "where no container sees what it leads to; give a copy without links, as `cp -rL` "
                "makes it"
            )

    def as_container_sees(self, text: str) -> str:
        """Return the setting's text as a container knows it."""
        path = self.path_of(text)
        return text if path is None else str(self.folder / given_name(path, self.setting))

    def mount(self, text: str) -> dict[str, str]:
        """Return the variables by which compose.yaml lets train's container see what is given."""
        path = self.path_of(text)
        if path is None:
            return {self.given: "", self.name: ""}
        return {self.given: str(path.resolve()), self.name: given_name(path, self.setting)}

    def _whole(self, text: str, place: Path) -> str:
        path = self.path_of(text)
        if path is None:
            return text
        whole = from_here(str(path), place)
        return str(whole.resolve() if whole.name == ".." else whole)


def _path_of_handle(handle: str) -> Path | None:
    """Return the path that a handle names, None for a named backbone or an address."""
    return local_path(handle) if "/" in handle else None


def _path_of_model(text: str) -> Path | None:
    return local_path(text) if text else None


def _path_of_data(text: str) -> Path | None:
    return local_path(text) if is_data_path(text) else None


BACKBONE = Own(
    "backbone",
    "VGG19_BACKBONE",
    variables.GIVEN_BACKBONE,
    variables.GIVEN_NAME,
    Path("/given"),
    require_module,
    _path_of_handle,
)
MODEL = Own(
    "model",
    "VGG19_MODEL",
    variables.GIVEN_MODEL,
    variables.GIVEN_MODEL_NAME,
    Path("/given-model"),
    require_classifier,
    _path_of_model,
)
# What is in a folder of pictures is looked at where the settings' agreement is.
DATA = Own(
    "data",
    "VGG19_DATA",
    variables.GIVEN_DATA,
    variables.GIVEN_DATA_NAME,
    Path("/given-data"),
    None,
    _path_of_data,
)
OWN = (BACKBONE, MODEL, DATA)


def _ways_out(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder that are whole paths, or lead out of it."""
    for root, folders, files in os.walk(folder):
        for path in (Path(root, name) for name in (*folders, *files)):
            if path.is_symlink() and not _stays_in(folder, path):
                yield path


def _stays_in(folder: Path, link: Path) -> bool:
    target = Path(os.path.realpath(link))
    return not link.readlink().is_absolute() and folder in (target, *target.parents)
