"""What an export brings, on the machine that it was brought to."""

import shutil
from pathlib import Path

import pytest

from docker import images
from docker.build.graph import Stage
from docker.host import airgap, engine
from docker.lockfile import ImagesLock
from stages.errors import EngineError

STAGE = Stage("compare", "vgg19-compare")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export with an image and data, beside an engine that says what it was asked."""
    found = tmp_path / "export"
    (found / airgap.PARTS / "data").mkdir(parents=True)
    (found / airgap.PARTS / "data" / "leaf").write_text("leaf")
    (found / airgap.IMAGES).write_text("images")
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return found


def test_without_an_export_nothing_changes(tmp_path: Path) -> None:
    none = tmp_path / "none"
    assert not airgap.is_there(none)
    assert airgap.pip_options(none) == []
    assert not airgap.load_images(none)
    airgap.place_parts(tmp_path / "cache", none)
    assert not (tmp_path / "cache").exists()


def test_pip_looks_into_the_export_alone(folder: Path) -> None:
    assert airgap.pip_options(folder) == ["--no-index", f"--find-links={folder / 'wheels'}"]


def test_images_are_loaded(folder: Path, tmp_path: Path) -> None:
    assert airgap.load_images(folder)
    asked = (tmp_path / "asked").read_text()
    assert asked == f"load --quiet --input={folder / 'images.tar'}\n"


def test_images_that_the_engine_refuses_are_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(EngineError, match=r"images\.tar can't be loaded"):
        airgap.load_images(folder)


def test_data_is_placed_once_and_never_over_what_is_there(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "artifacts" / ".cache"
    airgap.place_parts(cache, folder)
    assert (cache / "data" / "leaf").read_text() == "leaf"
    (cache / "data" / "leaf").write_text("mine")
    airgap.place_parts(cache, folder)
    assert (cache / "data" / "leaf").read_text() == "mine"


def test_a_build_loads_what_is_missing_and_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[str] = []

    def load() -> bool:
        there.append(STAGE.image)
        return True

    monkeypatch.setattr(images, "read_lock", lambda: ImagesLock({}, {}, {}, {}))
    monkeypatch.setattr(images, "changed_inputs", lambda lock, environ: [])
    monkeypatch.setattr(images, "is_locked", lambda stage, lock: stage.image in there)
    monkeypatch.setattr(airgap, "load_images", load)
    monkeypatch.setattr(images, "make", lambda stages, environ: pytest.fail("it built"))
    images.build([STAGE])
    assert there == [STAGE.image]


def test_images_of_another_source_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(images, "read_lock", lambda: ImagesLock({}, {}, {}, {}))
    monkeypatch.setattr(images, "changed_inputs", lambda lock, environ: ["stages"])
    monkeypatch.setattr(airgap, "load_images", lambda: pytest.fail("it loaded"))
    monkeypatch.setattr(
        images, "make", lambda stages, environ: made.extend(s.image for s in stages)
    )
    images.build([STAGE])
    assert made == [STAGE.image]


def test_bootstrap_installs_no_packages_beside_an_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "answers", lambda: True)
    monkeypatch.setattr(engine, "require", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    monkeypatch.setattr(airgap, "is_there", lambda: True)
    assert engine.plan().steps() == []
