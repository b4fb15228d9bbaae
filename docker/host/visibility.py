"""Whether the engine sees this machine's folders: one that runs elsewhere can't share them.

Standard library only, as all that prepares this machine.
"""

import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from docker.host.client import Answer, ask, fields
from docker.host.engine import EngineInfo, read_info
from stages.errors import EngineError

# The files that engines put into their containers.
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
EMPTY_TAR = b"\0" * 1024
# A folder named as a stage's left-over, so that one of a killed run is dealt with as these are.
PREFIX, SUFFIX = ".train.", ".new"
# A stage that begins just now removes it, once.
TRIES = 3
# What engines say of a folder that is not there, or that Docker Desktop does not share.
UNSEEN = ("does not exist", "no such file", "mounts denied", "not shared")


def require_visible(folder: Path) -> None:
    """Raise EngineError if the engine runs where it does not see `folder`.

    Nothing is tried with an engine that names this very machine as its own.
    """
    info = read_info()
    if _may_be_elsewhere(info) and not _sees(folder):
        raise EngineError(
            f"the engine does not see {folder}: {_reason(info)}; use an engine of this machine, a "
            "folder that it sees (VGG19_ARTIFACTS), `--host ssh://USER@HOST`, which fetches the "
            "results from another machine, or `--runner local`"
        )


def _may_be_elsewhere(info: EngineInfo) -> bool:
    return info.desktop or in_container() or info.name != socket.gethostname()


def in_container() -> bool:
    """Return whether this program runs in a container."""
    return any(mark.exists() for mark in CONTAINER_MARKS)


def _reason(info: EngineInfo) -> str:
    if info.desktop:
        return "Docker Desktop does not share it (Settings, Resources, File sharing)"
    if in_container():
        return "this is a container, and the engine is outside, where that path is another"
    return f"it runs on {info.name or 'another machine'}"


def _sees(folder: Path) -> bool:
    """Return whether the engine can give a container what is made just now in `folder`.

    The container, of an image without any file, is never started.
    """
    image = f"vgg19-nothing-{os.getpid()}"
    if not ask("import", "-", image, stdin=EMPTY_TAR).ok:
        return True  # that is another fault, and a build will name it
    try:
        return any(_is_marker_seen(folder, image) for _ in range(TRIES))
    finally:
        ask("image", "rm", "--force", image)


def _is_marker_seen(folder: Path, image: str) -> bool:
    marker = Path(tempfile.mkdtemp(dir=folder, prefix=PREFIX, suffix=SUFFIX))
    try:
        mount = fields("type=bind", f"source={marker}", "target=/marker", "readonly")
        answer = ask("create", f"--mount={mount}", image, "nothing")
    finally:
        with suppress(FileNotFoundError):
            marker.rmdir()
    if answer.ok:
        ask("rm", "--force", answer.output)
    return not _is_unseen(answer)


def _is_unseen(answer: Answer) -> bool:
    return not answer.ok and any(words in answer.errors.lower() for words in UNSEEN)
