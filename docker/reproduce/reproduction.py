"""Locks what the images come out as, and proves that they come out as locked."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from docker.build import base, builder
from docker.build.graph import Stage, read_all
from docker.build.layers import layers_of
from docker.lockfile import LockedImage, read_lock, write_listing, write_lock
from docker.reproduce.explanation import explain, told
from docker.reproduce.locked_images import changed_inputs, inputs, is_locked
from docker.reproduce.saved import read_images
from stages.errors import NotReproducedError

SUFFIX = ":again"


def lock_images() -> None:
    """Build all images and write to docker/images.lock what they come out as."""
    stages = read_all()
    builder.make(stages, os.environ)
    _record(stages)


def verify() -> None:
    """Build all images once more, from nothing, and remove them again.

    Raises NotReproducedError where one is not as docker/images.lock has it.
    """
    lock, stages = read_lock(), read_all()
    changed = changed_inputs(lock, os.environ)
    if changed:
        raise NotReproducedError(
            f"{', '.join(changed)} changed since docker/images.lock was made, so the images can't "
            "be those; run `invoke lock --images`, or go back to what was locked"
        )
    with _built_again(stages) as again:
        differing = [stage for stage in again if not is_locked(stage, lock)]
        explained = explain(differing, lock) if differing else {}
    if explained:
        print(told(explained), end="")
        raise NotReproducedError("a second build differs from docker/images.lock, as shown above")
    print(f"verify: {len(stages)} images, built again, are those of docker/images.lock")


@contextmanager
def _built_again(stages: Sequence[Stage]) -> Iterator[list[Stage]]:
    """Give the images of `stages`, under other names, as a build without any cache makes them."""
    base_image = f"{base.NAME}{SUFFIX}"
    again = [replace(stage, image=f"{stage.image}{SUFFIX}") for stage in stages]
    try:
        base.make(os.environ, read_lock().packages, tag=base_image)
        builder.make(again, os.environ, base_image=base_image, anew=True)
        yield again
    finally:
        builder.remove([base_image, *(stage.image for stage in again)])


def _record(stages: Sequence[Stage]) -> None:
    """Lock the images of `stages`, which are all there are, as the engine has them."""
    images = read_images([stage.image for stage in stages])
    layers: dict[str, str] = {}
    locked: dict[str, LockedImage] = {}
    for stage in stages:
        image, names = images[stage.image], layers_of(stage.target)
        locked[stage.target] = LockedImage(image.config, names)
        for name, layer in zip(names, image.layers, strict=True):
            if layers.setdefault(name, layer.diff_id) != layer.diff_id:
                raise AssertionError(f"layer {name} is not the same in all images")
            write_listing(name, layer.listing)
    lock = msgspec.structs.replace(read_lock(), inputs=inputs(), layers=layers, images=locked)
    write_lock(lock)
