"""What a build prints: a line for each image on the terminal, all else in a file."""

import os
import subprocess
from pathlib import Path

import pytest

from docker import images
from docker.build import base
from docker.build.build_log import LAST_LINES, logged
from docker.build.graph import Stage
from docker.lockfile import ImagesLock
from stages.errors import EngineError, NotWritableError

DOCKER = """#!/bin/sh
case "$1" in
  build) for number in $(seq 100); do echo "layer $number"; done; echo oops >&2; exit {code} ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "build.log"
    monkeypatch.setattr(images, "BUILD_LOG", path)
    monkeypatch.setattr(images, "read_lock", lambda: ImagesLock({}, {}, {}, {}))
    monkeypatch.setattr(images, "changed_inputs", lambda *_: ["stages"])
    return path


def engine(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
    script = folder / "docker"
    script.write_text(DOCKER.format(code=code))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def build(verbose: bool = False) -> None:
    images.build_missing([Stage("compare", "vgg19-compare")], {}, verbose)


def test_a_terminal_has_a_line_for_each_image_and_a_file_the_rest(
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    engine(tmp_path, monkeypatch)
    build()
    shown = capfd.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].endswith(f" build: images are built, see {log}")
    assert lines[-1].partition(" ")[2] == "build: vgg19-compare in 0 s"
    assert "layer" not in shown.out + shown.err
    assert log.read_text().count("layer 100\noops\n") == len(lines) - 1


def test_of_a_build_that_fails_the_last_lines_are_shown(
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    engine(tmp_path, monkeypatch, code=1)
    with pytest.raises(EngineError, match="can't be built; the log above says why"):
        build()
    head, *lines = capfd.readouterr().err.splitlines()
    assert head == f"build: the last lines of {log}:"
    assert lines[-2:] == ["  layer 100", "  oops"]
    assert len(lines) == LAST_LINES
    assert {path.name for path in tmp_path.iterdir()} == {"build.log", "docker"}


def test_on_request_all_is_shown(
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    engine(tmp_path, monkeypatch)
    monkeypatch.setattr(base, "is_there", lambda _: True)
    build(verbose=True)
    assert "layer 100\n" in capfd.readouterr().out
    assert not log.exists()


def test_the_next_build_begins_the_file_and_another_that_still_runs_keeps_its_own(
    tmp_path: Path,
) -> None:
    path = tmp_path / "build.log"
    with logged(path):
        subprocess.run(["echo", "one"], check=True)
        with logged(path):
            subprocess.run(["echo", "two"], check=True)
        subprocess.run(["echo", "three"], check=True)
    assert path.read_text() == "two\n"


def test_a_line_with_control_characters_is_cleaned(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        with logged(tmp_path / "build.log"):
            subprocess.run(["printf", "\\033[2Jred\\377\\n"], check=True)
            raise EngineError("failed")

    with pytest.raises(EngineError, match="failed"):
        fail()
    assert "\x1b" not in capfd.readouterr().err


def test_two_builds_that_begin_at_once_both_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, unlink = tmp_path / "build.log", Path.unlink
    others = [1, 2]

    def and_another_begins(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok=missing_ok)
        if others:
            self.write_text(f"that of build {others.pop()}")

    monkeypatch.setattr(Path, "unlink", and_another_begins)
    with logged(path):
        subprocess.run(["echo", "mine"], check=True)
    assert path.read_text() == "mine\n"


def test_of_a_build_that_fails_its_own_lines_are_shown_though_another_began(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "build.log"

    def fail() -> None:
        with logged(path):
            subprocess.run(["echo", "one"], check=True)
            with logged(path):
                subprocess.run(["echo", "two"], check=True)
            raise EngineError("failed")

    with pytest.raises(EngineError, match="failed"):
        fail()
    assert capfd.readouterr().err.splitlines()[1:] == ["  one"]


def test_where_no_file_can_be_the_path_is_named(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    (path / "in it").mkdir(parents=True)
    with pytest.raises(NotWritableError, match=f"{path} can't be written by"), logged(path):
        pass


def test_a_link_there_is_not_followed(tmp_path: Path) -> None:
    path, other = tmp_path / "build.log", tmp_path / "other"
    other.write_text("other's")
    path.symlink_to(other)
    with logged(path):
        subprocess.run(["echo", "mine"], check=True)
    assert (other.read_text(), path.read_text()) == ("other's", "mine\n")
