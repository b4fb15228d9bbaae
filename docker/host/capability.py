"""Whether an engine that answers, and its client, are new enough for what a run asks of them.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from docker.host.client import Answer, ask, ask_for_object
from docker.host.environment import client_folder
from stages.errors import EngineError
from stages.program.printable import printable

# Each with the question for its version.
PLUGINS = {"compose": ("compose", "version", "--short"), "buildx": ("buildx", "version")}
ARCHITECTURES = {"amd64", "x86_64"}
# The first versions that can do it: builds on named images, and compose's optional files of
# variables.
MIN_VERSIONS = {"engine": (23, 0), "compose": (2, 24), "buildx": (0, 10)}
VERSION = re.compile(r"v?(\d+)\.(\d+)[.\w]*")


def require() -> None:
    """Raise EngineError, with the remedy, if the engine or its client lacks something."""
    versions = _plugin_versions()
    if missing := _missing(versions):
        _require_readable(client_folder(os.environ))
        raise EngineError(
            f"the engine's client lacks {' and '.join(missing)}; install these plugins from where "
            "the engine came from"
        )
    server = ask_for_object("version", "--format={{json .Server}}")
    _require_platform(str(server.get("Os", "linux")), str(server.get("Arch", "amd64")))
    _require_version("engine", str(server.get("Version", "")))
    for plugin, answer in versions.items():
        _require_version(plugin, answer.output)


def _require_readable(folder: Path) -> None:
    """Raise EngineError if the client can't read its settings, and finds no plugins for that."""
    try:
        (folder / "config.json").stat()
    except PermissionError:
        raise EngineError(
            f"{printable(str(folder))} can't be read, where the engine's client has its settings "
            "and looks for plugins; make it readable, or set DOCKER_CONFIG to another folder"
        ) from None
    except OSError:
        return


def missing_plugins() -> list[str]:
    """Return the plugins that the engine's client lacks."""
    return _missing(_plugin_versions())


def _plugin_versions() -> dict[str, Answer]:
    return {plugin: ask(*question) for plugin, question in PLUGINS.items()}


def _missing(versions: Mapping[str, Answer]) -> list[str]:
    return [plugin for plugin, answer in versions.items() if not answer.ok]


def _require_platform(system: str, architecture: str) -> None:
    if system != "linux" or architecture not in ARCHITECTURES:
        raise EngineError(
            f"the engine runs {printable(f'{system} on {architecture}')}, and the images are for "
            "Linux on x86-64; use an engine on such a machine"
        )


def _require_version(name: str, text: str) -> None:
    """Raise EngineError if something is older than it must be; one that says nothing may pass."""
    found = VERSION.search(text)
    if found and (int(found[1]), int(found[2])) < MIN_VERSIONS[name]:
        needed = ".".join(str(part) for part in MIN_VERSIONS[name])
        what = "the engine" if name == "engine" else f"its plugin {name}"
        raise EngineError(
            f"{what} has version {found[0]}, and {needed} or newer is needed; update it from "
            "where it came from"
        )
