"""The base image is made only if images that tasks need are not there, nor it itself."""

import os
from collections.abc import Sequence

import pytest

from docker import base_image_need
from docker.base_image_need import is_needed
from docker.build import base
from docker.build.graph import Stage
from docker.lockfile import ImagesLock


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images that were looked for; the engine has that of doctor alone, and no base image."""
    images: list[str] = []

    def missing(stages: Sequence[Stage], lock: ImagesLock) -> list[Stage]:
        images.extend(stage.name for stage in stages)
        return [stage for stage in stages if stage.name != "doctor"]

    monkeypatch.setattr(base, "is_there", lambda environ: False)
    monkeypatch.setattr(base_image_need, "not_locked", missing)
    monkeypatch.setattr(base_image_need, "changed_inputs", lambda lock, environ: [])
    return images


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("", True),
        ("doctor", False),
        ("doctor --isas AVX2", False),
        ("doctor pipeline", True),
        ("profile", True),
        ("build", True),
        ("test", True),
        ("release 1.2.3", True),
        ("verify --rebuild", True),
        ("lock", True),
    ],
)
def test_only_for_images_that_are_not_there(wanted: list[str], words: str, needed: bool) -> None:
    assert is_needed(words.split(), {}) == needed


def test_not_if_it_is_there(wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "is_there", lambda environ: True)
    assert not is_needed(["pipeline"], {})


def test_for_images_of_another_source(wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_image_need, "changed_inputs", lambda lock, environ: ["stages"])
    assert is_needed(["doctor"], {})


@pytest.mark.parametrize("flag", [["--runtime", "stock"], ["--runtime=stock"]])
def test_for_those_of_the_runtime_that_is_asked_for(
    flag: list[str], wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Stage] = []
    monkeypatch.setattr(base_image_need, "not_locked", lambda stages, lock: asked.extend(stages))
    is_needed(["profile", *flag], {})
    assert "vgg19-profile-stock" in {stage.image for stage in asked}


def test_for_the_notebook_alone_if_nothing_else_is_asked_for(wanted: list[str]) -> None:
    assert is_needed(["notebook"], {})
    assert wanted == ["notebook"]


def test_another_machines_engine_is_asked_if_it_is_given(
    wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "is_there", lambda environ: os.environ["DOCKER_HOST"] == "ssh://vm")
    assert not is_needed(["pipeline", "--host=ssh://vm"], {})
