"""The images come out as docker/images.lock has them, and a second build does, too."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from docker.build import base, builder
from docker.build.graph import Stage, read_all
from docker.lockfile import ImagesLock, Package, read_lock
from docker.reproduce.explanation import explain, told
from docker.reproduce.locked_images import changed_inputs, is_locked
from docker.reproduce.saved import read_images
from tests.commands import run

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture
def lock() -> ImagesLock:
    """The lock, where the mirror that the base was made from still has what it names."""
    found = read_lock()
    rows = (line.split() for line in listed().splitlines())
    if {name: Package(version, sha256) for name, version, sha256 in rows} != found.packages:
        pytest.skip("the mirror has other packages of Debian than docker/images.lock")
    return found


def listed() -> str:
    done = run("docker", "run", "--rm", base.tag_of({}), "cat", "/usr/share/base/packages")
    assert done.code == 0, done
    return done.output


@pytest.fixture
def again() -> Iterator[Stage]:
    """An image built a second time, without a cache, under another name."""
    (compare,) = (stage for stage in read_all() if stage.name == "compare")
    found = replace(compare, image=f"{compare.image}:again")
    builder.make([found], os.environ, base_image=base.tag_of({}), anew=True)
    yield found
    builder.remove([found.image])


def test_the_lock_is_of_this_source() -> None:
    assert changed_inputs(read_lock(), {}) == []


def test_every_image_is_the_locked_one(lock: ImagesLock) -> None:
    others = [stage for stage in read_all() if not is_locked(stage, lock)]
    assert not others, told(explain(others, lock))


def test_a_second_build_comes_out_the_same(again: Stage, lock: ImagesLock) -> None:
    assert is_locked(again, lock), told(explain([again], lock))


def test_what_differs_is_told_by_layer_and_file(lock: ImagesLock) -> None:
    (compare,) = (stage for stage in read_all() if stage.name == "compare")
    (train,) = (stage for stage in read_all() if stage.name == "train")
    layers = {**lock.layers, "compare": "sha256:0"}
    other = ImagesLock(lock.inputs, lock.packages, layers, lock.images)
    assert list(explain([compare, train], other)) == ["layer compare"]
    image = read_images([compare.image])[compare.image]
    assert image.config == lock.images["compare"].config
    assert any(line.startswith("app/stages/compare/") for line in image.layers[-1].listing)
