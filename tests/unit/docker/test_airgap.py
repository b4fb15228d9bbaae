"""What an export brings, on the machine that it was brought to."""

import shutil
from pathlib import Path

import pytest

from docker import images
from docker.build.graph import Stage
from docker.host import airgap, capability, engine, setup
from docker.host.asked import Asked
from docker.host.engine import State
from docker.lockfile import ImagesLock
from docker.reproduce import locked_images
from stages.errors import EngineError

STAGE = Stage("compare", "vgg19-compare")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export with an image and data, and an engine that writes down what it was asked."""
    export = tmp_path / "export"
    (export / airgap.CACHE / "data").mkdir(parents=True)
    (export / airgap.CACHE / "data" / "leaf").write_text("leaf")
    (export / airgap.IMAGES).write_text("images")
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return export


def test_without_an_export_nothing_changes(tmp_path: Path) -> None:
    none = tmp_path / "none"
    assert not airgap.has_export(none)
    assert airgap.pip_options(none) == []
    assert not airgap.load_images(none)
    airgap.copy_cache(tmp_path / "cache", none)
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
    airgap.copy_cache(cache, folder)
    assert (cache / "data" / "leaf").read_text() == "leaf"
    (cache / "data" / "leaf").write_text("mine")
    airgap.copy_cache(cache, folder)
    assert (cache / "data" / "leaf").read_text() == "mine"


def test_of_a_strangers_export_only_plain_files_are_copied(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = folder / airgap.CACHE / "data"
    (exported / "link").symlink_to("/etc/passwd")
    (exported / "folder").symlink_to("/etc")
    (exported / "leaf").chmod(0o4777)
    exported.chmod(0o2777)
    cache = tmp_path / "artifacts" / ".cache"
    airgap.copy_cache(cache, folder)
    assert {path.name for path in (cache / "data").iterdir()} == {"leaf"}
    modes = [path.stat().st_mode & 0o7777 for path in (cache, cache / "data", cache / "data/leaf")]
    assert modes == [0o755, 0o755, 0o644]
    assert "data/link" in capsys.readouterr().out


def test_a_cache_that_is_a_link_is_no_exports(folder: Path, tmp_path: Path) -> None:
    (folder / airgap.CACHE).rename(tmp_path / "elsewhere")
    (folder / airgap.CACHE).symlink_to(tmp_path / "elsewhere")
    airgap.copy_cache(tmp_path / ".cache", folder)
    assert not (tmp_path / ".cache").exists()


def test_an_interruption_leaves_no_half_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(airgap, "settle", interrupted)
    with pytest.raises(KeyboardInterrupt):
        airgap.copy_cache(tmp_path / "artifacts" / ".cache", folder)
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_images_that_are_a_link_are_not_loaded(folder: Path, tmp_path: Path) -> None:
    (folder / airgap.IMAGES).rename(tmp_path / "images")
    (folder / airgap.IMAGES).symlink_to(tmp_path / "images")
    with pytest.raises(EngineError, match=r"images\.tar is a symlink"):
        airgap.load_images(folder)


def test_a_build_loads_what_is_missing_and_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load() -> bool:
        loaded.append(STAGE.image)
        return True

    monkeypatch.setattr(images, "read_lock", lambda: ImagesLock({}, {}, {}, {}))
    monkeypatch.setattr(images, "changed_inputs", lambda lock, environ: [])
    monkeypatch.setattr(locked_images, "is_locked", lambda stage, lock: stage.image in loaded)
    monkeypatch.setattr(airgap, "load_images", load)
    monkeypatch.setattr(images, "build_images", lambda stages, environ: pytest.fail("it built"))
    images.build_missing([STAGE])
    assert loaded == [STAGE.image]


def test_images_of_another_source_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(images, "read_lock", lambda: ImagesLock({}, {}, {}, {}))
    monkeypatch.setattr(images, "changed_inputs", lambda lock, environ: ["stages"])
    monkeypatch.setattr(airgap, "load_images", lambda: pytest.fail("it loaded"))
    monkeypatch.setattr(
        images, "build_images", lambda stages, environ: built.extend(s.image for s in stages)
    )
    images.build_missing([STAGE], {}, verbose=True)
    assert built == [STAGE.image]


def test_bootstrap_installs_no_packages_beside_an_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_state", lambda: State.ANSWERS)
    monkeypatch.setattr(capability, "require", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    monkeypatch.setattr(airgap, "has_export", lambda: True)
    assert setup.plan_setup(Asked()).steps() == []
