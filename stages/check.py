"""`python -m stages.check`: refuse, before anything runs, what the stages would fail on later.

It is the first service of compose.yaml. `invoke` checks the same on the host before it starts.
"""

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from stages.agreement import require_agreement
from stages.command_line import load
from stages.errors import NotWritableError, SettingsError, exit_code_of
from stages.program.user import this_user
from stages.setting.addresses import local_path, why_no_path
from stages.setting.prefix import refuse_misspelt
from stages.setting.programs import STAGES
from stages.setting.suggestion import quoted
from stages.setting.values import is_data_path
from stages.settings import env_name

# compose.yaml's: the artifacts folder as the user gave it, and who the stages run as, if .env
# has it.
GIVEN_FOLDER, KNOWN_USER = "STAGES_ARTIFACTS", "STAGES_UID"

# compose.yaml's: paths on the user's machine, which this container does not see, by setting.
GIVEN = {"backbone": "GIVEN_BACKBONE", "data": "GIVEN_DATA", "model": "GIVEN_MODEL"}
IS_PATH: Mapping[str, Callable[[str], bool]] = {
    "backbone": lambda text: "/" in text,
    "data": is_data_path,
    "model": bool,
}

BUILD = "./bootstrap.py --yes build"


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Read all settings, and try the artifacts folder.

    Raises SettingsError for a setting that is unknown or not allowed, that asks for more images
    than there would be, that is given twice, or is a path that no container sees, and for a
    misspelt variable of such a path;
    NotWritableError if the folder can't be written; what `require_possible_in_images` does.
    """
    settings = load(environ)
    refuse_misspelt(environ, GIVEN.values())
    folder = settings.artifacts
    for name, given in GIVEN.items():
        require_one(env_name(name), given, environ)
        _require_path(given, environ.get(given, ""))
        _require_seen(name, getattr(settings, name), folder)
    sees_data = not (environ.get(GIVEN["data"]) or is_data_path(settings.data))
    require_agreement(load(_with_given(environ)), STAGES, sees_data=sees_data)
    # Imported only now: `invoke`, which takes a part of this module, would wait for it.
    from stages.possible import require_possible_in_images

    require_possible_in_images(settings, STAGES, are_children=True)
    if not _is_writable(folder):
        raise NotWritableError(_remedy(environ.get(GIVEN_FOLDER, str(folder)), environ))


def require_one(named: str, given: str, environ: Mapping[str, str]) -> None:
    """Raise SettingsError if two variables name the same: that of a setting, and of a path."""
    if environ.get(named) and environ.get(given):
        what = {"GIVEN_DATA": "data"}.get(given, f"a {given.rpartition('_')[2].lower()}")
        raise SettingsError(f"{named} and {given} both name {what}; unset one")


def _require_path(given: str, text: str) -> None:
    if reason := why_no_path(text):
        raise SettingsError(f"{given} can't be {quoted(text)} ({reason}); give a path")


def _require_seen(name: str, text: str, folder: Path) -> None:
    path = local_path(text) if IS_PATH[name](text) else None
    if path is not None and folder not in path.parents:
        raise SettingsError(
            f"{env_name(name)} is a path that no container sees; name it "
            f"{GIVEN[name]} instead, or start this by `invoke`"
        )


def _with_given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with a given model's, which contradicts others as it is not alone."""
    given = environ.get(GIVEN["model"], "")
    return {**environ, **({env_name("model"): given} if given else {})}


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _remedy(folder: str, environ: Mapping[str, str]) -> str:
    cause = f"{folder} can't be written by user {this_user()}, which the stages run as"
    if environ.get(KNOWN_USER):
        owner = f"{os.getuid()}:{os.getgid()}"
        command = f"sudo chown -R {owner} {shlex.quote(folder)}"
        return f"{cause}; set VGG19_ARTIFACTS to another, or `{command}`"
    # From nothing: this may be a fresh clone, where there is no invoke yet.
    return f"{cause}, as .env does not say who you are; `{BUILD}` writes it there"


if __name__ == "__main__":
    sys.exit(exit_code_of("check", main))
