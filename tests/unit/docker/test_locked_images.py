import json
import shutil
from pathlib import Path

import pytest

from docker.build.graph import Stage
from docker.lockfile import ImagesLock, LockedImage
from docker.paths import ROOT
from docker.reproduce.locked_images import changed_inputs, digest_of, inputs, is_locked

STAGE = Stage("compare", "vgg19-compare")
LOCK = ImagesLock(
    {},
    {},
    {"base": "sha256:b", "app": "sha256:a"},
    {"compare": LockedImage("sha256:c", ["base", "app"])},
)


def engine_with(folder: Path, digest: str, layers: list[str], store: str = "overlay2") -> None:
    program = folder / "docker"
    shown = f"{digest} {json.dumps(layers)}"
    program.write_text(
        f"#!/bin/sh\n[ $1 = info ] && echo '{store}' && exit\n"
        f"[ {digest or '-'} = - ] && exit 1\necho '{shown}'\n"
    )
    program.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("digest", "layers", "locked"),
    [
        ("sha256:c", ["sha256:b", "sha256:a"], True),
        ("sha256:x", ["sha256:b", "sha256:a"], False),
        ("sha256:c", ["sha256:b", "sha256:x"], False),
        ("", [], False),
    ],
)
def test_an_image_is_the_locked_one_by_its_configuration_and_layers(
    folder: Path, digest: str, layers: list[str], locked: bool
) -> None:
    engine_with(folder, digest, layers)
    assert is_locked(STAGE, LOCK) == locked
    assert not is_locked(Stage("train", "vgg19-train"), LOCK)


def test_where_the_engine_names_manifests_the_layers_decide(folder: Path) -> None:
    store = '[["driver-type","io.containerd.snapshotter.v1"]]'
    engine_with(folder, "sha256:m", ["sha256:b", "sha256:a"], store)
    assert is_locked(STAGE, LOCK)
    engine_with(folder, "sha256:m", ["sha256:b"], store)
    assert not is_locked(STAGE, LOCK)


def test_an_images_digest_is_that_of_its_configuration(folder: Path) -> None:
    engine_with(folder, "sha256:c", ["sha256:b"])
    assert digest_of("vgg19-compare") == "sha256:c"
    engine_with(folder, "", [])
    assert digest_of("vgg19-compare") == ""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("stages/a.py", "docker/Dockerfile", "docker/requirements/common.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_inputs_are_the_files_that_reach_an_image_and_nothing_else(tree: Path) -> None:
    before = inputs(root=tree)
    (tree / "docker" / "requirements" / "host.txt").write_text("the host's")
    (tree / "stages" / "__pycache__").mkdir()
    (tree / "stages" / "__pycache__" / "a.pyc").write_text("compiled")
    (tree / "README.md").write_text("read me")
    shutil.copystat(ROOT / "tasks.py", tree / "stages" / "a.py")
    assert inputs(root=tree) == before
    (tree / "stages" / "a.py").chmod(0o755)
    (tree / "docker" / "Dockerfile").write_text("another")
    now = inputs(root=tree)
    assert {name for name in now if now[name] != before[name]} == {"stages", "docker/Dockerfile"}


def test_another_base_is_another_input() -> None:
    lock = ImagesLock(inputs(), {}, {}, {})
    assert changed_inputs(lock, {}) == []
    assert changed_inputs(lock, {"BASE_IMAGE": "debian:12"}) == ["base"]


def test_without_an_engine_no_image_has_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert digest_of("vgg19-train") == ""
