"""A download that is killed: what is left of it, and that the next command removes it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.folder.access import reading, writing
from stages.folder.cache import Cache
from stages.folder.usable import LOCK, MARKER
from tests.unit.download.servers import Server, head, serving
from tests.unit.download.test_main import ROOT, files

# Stands in for `python -m stages.download` with the address of a server of ours.
IMAGENET = """
import dataclasses, os, sys
from stages.download import run
run.WEIGHTS = dataclasses.replace(run.WEIGHTS, url=os.environ["URL"])
from stages.download.__main__ import main
main()
"""


def answer(request: str, send: Callable[[bytes], None], server: Server) -> None:
    send(head(Content_Length=10**6) + bytes(10**5))
    server.wait()


@contextmanager
def half_way(artifacts: Path, command: list[str], backbone: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a download of which a part has been written, while the server says nothing more."""
    servers: list[Server] = []
    with serving(lambda request, send, count: answer(request, send, servers[0])) as server:
        servers.append(server)
        variables = {"VGG19_BACKBONE": backbone.format(server.url), "URL": server.url}
        with start(artifacts, command, variables) as process:
            yield process


@contextmanager
def start(
    artifacts: Path, command: list[str], variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    environ |= {"VGG19_ARTIFACTS": str(artifacts), **variables}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        while not any(size_of(path) for path in unfinished(artifacts)):
            assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


def unfinished(artifacts: Path) -> list[Path]:
    return [path for path in artifacts.rglob("*") if ".new" in str(path)]


def size_of(path: Path) -> int:
    """Return the size of a file, 0 of what is none, or was there just now."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("using", [reading, writing])
@pytest.mark.parametrize(
    ("command", "backbone"),
    [(["-m", "stages.download"], "{}/vgg19/1"), (["-c", IMAGENET], "imagenet")],
)
def test_the_next_command_removes_what_it_left(
    using: Callable[..., object], command: list[str], backbone: str, tmp_path: Path
) -> None:
    with half_way(tmp_path, command, backbone) as process:
        process.kill()
        process.wait()
        assert unfinished(tmp_path)
    with using(tmp_path, "any command"):  # type: ignore[attr-defined]
        assert files(tmp_path) == {tmp_path / MARKER, tmp_path / LOCK}
        assert unfinished(tmp_path) == []


@pytest.mark.parametrize(
    "place", ["keras/.w.h5.ab12cd_9.new", "data/downloads/beans/.zip.ab12cd_9.new"]
)
def test_a_file_is_removed_at_any_depth_of_the_cache(place: str, tmp_path: Path) -> None:
    with writing(tmp_path, "a command") as artifacts:
        path = artifacts.cache / place
        path.parent.mkdir(parents=True)
        path.touch()
        (path.parent / "kept.new").touch()
    with reading(tmp_path, "another"):
        assert [other.name for other in path.parent.iterdir()] == ["kept.new"]


def test_what_was_handed_over_may_have_files_of_any_name(tmp_path: Path) -> None:
    from stages.folder.cache import cached, is_intact

    folder = Cache(Artifacts(tmp_path).cache).module("https://h/m")
    with writing(tmp_path, "a command"):
        cached(folder, lambda made: (made / ".odd.ab12cd_9.new").touch())
    with reading(tmp_path, "another"):
        assert is_intact(folder)
