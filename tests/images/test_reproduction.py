"""The images come out as docker/images.lock has them, and so does a second build."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from docker.build import base, builder
from docker.build.graph import Stage, read_all
from docker.lockfile import ImagesLock, Package, read_lock
from docker.paths import ROOT
from docker.reproduce.explanation import as_text, explain
from docker.reproduce.locked_images import changed_inputs, is_locked, not_locked
from docker.reproduce.saved import read_images
from tests.commands import run

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture
def lock() -> ImagesLock:
    """The lock; skip if the mirror had other packages for the base than it names."""
    locked = read_lock()
    rows = (line.split() for line in package_list().splitlines())
    if {name: Package(version, sha256) for name, version, sha256 in rows} != locked.packages:
        pytest.skip("the mirror has other packages of Debian than docker/images.lock")
    return locked


def package_list() -> str:
    done = run("docker", "run", "--rm", base.tag_of({}), "cat", "/usr/share/base/packages")
    assert done.code == 0, done
    return done.output


@pytest.fixture
def again() -> Iterator[Stage]:
    """An image built again without a cache, from a checkout in which Git left an empty folder."""
    (compare,) = (stage for stage in read_all() if stage.name == "compare")
    second = replace(compare, image=f"{compare.image}:again")
    left_over = ROOT / "stages" / "renamed_since"
    left_over.mkdir()
    try:
        builder.build_images([second], os.environ, base_image=base.tag_of({}), no_cache=True)
        yield second
    finally:
        left_over.rmdir()
        builder.remove_images([second.image])


def test_the_lock_is_of_this_source() -> None:
    assert changed_inputs(read_lock(), {}) == []


def test_every_image_is_the_locked_one(lock: ImagesLock) -> None:
    others = not_locked(read_all(), lock)
    assert not others, as_text(explain(others, lock))


def test_a_second_build_comes_out_the_same(again: Stage, lock: ImagesLock) -> None:
    assert is_locked(again, lock), as_text(explain([again], lock))


def test_what_differs_is_told_by_layer_and_file(lock: ImagesLock) -> None:
    (compare,) = (stage for stage in read_all() if stage.name == "compare")
    (train,) = (stage for stage in read_all() if stage.name == "train")
    layers = {**lock.layers, "compare": "sha256:0"}
    other = ImagesLock(lock.inputs, lock.packages, layers, lock.images)
    assert list(explain([compare, train], other)) == ["layer compare"]
    image = read_images([compare.image])[compare.image]
    assert image.config == lock.images["compare"].config
    assert any(line.startswith("app/stages/compare/") for line in image.layers[-1].listing)
