"""Where the user stands: the tasks run in ROOT, but their files on a command line are from there.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

from docker.paths import ROOT
from stages.errors import SettingsError
from stages.program.printable import printable
from stages.setting.addresses import fit_to_show, why_no_path
from stages.setting.suggestion import MAX_SHOWN

# By it bootstrap.py, which starts invoke in ROOT, hands on where it was called.
VARIABLE = "STAGES_CALLED_FROM"


def _take(environ: MutableMapping[str, str]) -> Path:
    """Return the folder that invoke, or bootstrap.py, was called in; ROOT if that is gone."""
    return Path(environ.pop(VARIABLE, "") or here() or ROOT)


def here() -> str:
    """Return this process's folder, empty if it is gone."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


# As it is when the tasks are loaded: they change to ROOT then.
PLACE = _take(os.environ)


def from_here(path: str, place: Path = PLACE) -> Path:
    """Return the whole path of a file as it was given on a command line.

    Raises SettingsError for an address, without its password.
    """
    if reason := why_no_path(path):
        shown = printable(fit_to_show(path), MAX_SHOWN)
        raise SettingsError(f"{shown} is no path of this machine ({reason})")
    whole = place / path
    # A link that is given stays one; the folders before it lose their dots.
    return Path(os.path.realpath(whole.parent), whole.name)
