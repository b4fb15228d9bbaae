"""Two builds at once, and builds that were killed: what each may remove."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from docker.build import builder
from docker.build.builder import LONGEST_BUILD_S, build_images, own_tag
from docker.build.graph import Stage
from docker.host import processes
from stages.errors import EngineError

DOCKER = """#!/bin/sh
echo "$*" >> {folder}/calls
case "$1 $2" in
  "image ls") cat {folder}/images ;;
  "build "*) case "$*" in *--target=common*) exit $(cat {folder}/code) ;; esac ;;
esac
"""
COMPARE = Stage("compare", "vgg19-compare")
NOW = 2_000_000_000
HERE = processes.current()
GONE = replace(HERE, start=1)
ELSEWHERE = replace(HERE, boot="00000000", pid=2**22 + 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "docker"
    script.write_text(DOCKER.format(folder=tmp_path))
    script.chmod(0o755)
    (tmp_path / "images").touch()
    (tmp_path / "code").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(time, "time", lambda: NOW)
    return tmp_path


def calls(folder: Path, *words: str) -> list[list[str]]:
    lines = [line.split() for line in (folder / "calls").read_text().splitlines()]
    return [line[len(words) :] for line in lines if line[: len(words)] == [*words]]


def removed(folder: Path) -> set[str]:
    return {name for names in calls(folder, "image", "rm", "--force") for name in names}


def tags(folder: Path) -> set[str]:
    found = [option for options in calls(folder, "build") for option in options]
    return {option.removeprefix("--tag=") for option in found if option.startswith("--tag=")}


@pytest.mark.parametrize("code", [0, 1])
def test_a_build_removes_its_own_images_between_and_no_others(code: int, folder: Path) -> None:
    (folder / "code").write_text(str(code))
    if code:
        with pytest.raises(EngineError, match="can't be built"):
            build_images([COMPARE], {}, base_image="base")
    else:
        build_images([COMPARE], {}, base_image="base")
        assert "vgg19-compare" in tags(folder)
    between = tags(folder) - {"vgg19-compare"}
    assert between <= removed(folder)
    assert "vgg19-compare" not in removed(folder)
    # Another process' have other names.
    assert all(name.partition(":")[2] == f"{HERE}-{NOW}" for name in removed(folder))


def test_what_a_killed_build_left_is_removed_and_what_a_running_one_needs_is_not(
    folder: Path,
) -> None:
    old = NOW - LONGEST_BUILD_S - 1
    left = [f"vgg19-common:{GONE}-{NOW - 5}", f"vgg19-builder:{ELSEWHERE}-{old}"]
    kept = [
        f"vgg19-common:{replace(HERE, pid=1, start=processes._start_of(1))}-{NOW - 5}",
        f"vgg19-builder:{ELSEWHERE}-{NOW - 5}",
        "vgg19-own:private",
        "vgg19-own:p1-2-00000000-4-abc",
    ]
    (folder / "images").write_text("\n".join([*left, *kept]) + "\n")
    builder.remove_left_overs()
    assert removed(folder) == {*left}


def test_a_tag_is_one_that_the_engine_takes() -> None:
    assert processes.parse(own_tag()) == HERE
    assert len(own_tag()) < 128
