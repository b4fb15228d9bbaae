"""Lock what the images come out as, and prove that they come out as locked."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from docker.build import base, builder
from docker.build.graph import Stage, read_all
from docker.build.layers import layers_of
from docker.lockfile import LockedImage, read_lock, write_listing, write_lock
from docker.reproduce.explanation import as_text, explain
from docker.reproduce.locked_images import changed_inputs, inputs, not_locked
from docker.reproduce.saved import read_images
from stages.errors import NotReproducedError


def lock_images() -> None:
    """Build all images and write to docker/images.lock what they come out as."""
    stages = read_all()
    builder.build_images(stages, os.environ)
    _lock(stages)


def verify_images() -> None:
    """Build all images a second time, without any cache, and remove them again.

    Raises NotReproducedError if one is not as docker/images.lock has it.
    """
    lock, stages = read_lock(), read_all()
    _require_unchanged(changed_inputs(lock, os.environ))
    with _built_again(stages) as again:
        differing = not_locked(again, lock)
        explained = explain(differing, lock) if differing else {}
    if explained:
        print(as_text(explained), end="")
        raise NotReproducedError("a second build differs from docker/images.lock, as shown above")
    print(f"verify: {len(stages)} images, built again, are those of docker/images.lock")


def _require_unchanged(changed: Sequence[str]) -> None:
    if changed:
        raise NotReproducedError(
            f"{', '.join(changed)} changed since docker/images.lock was written, so the images "
            "can't be the locked ones; run `invoke lock --images`, or go back to what was locked"
        )


@contextmanager
def _built_again(stages: Sequence[Stage]) -> Iterator[list[Stage]]:
    """Build the images of `stages` without any cache; yield the stages with these images' names."""
    tag = builder.own_tag()
    base_image = f"{base.NAME}:{tag}"
    again = [replace(stage, image=f"{stage.image}:{tag}") for stage in stages]
    try:
        base.build(os.environ, read_lock().packages, tag=base_image)
        builder.build_images(again, os.environ, base_image=base_image, no_cache=True)
        yield again
    finally:
        builder.remove_images([base_image, *(stage.image for stage in again)])


def _lock(stages: Sequence[Stage]) -> None:
    """Write the lock from the engine's images of `stages`, which must be all that there are."""
    images = read_images([stage.image for stage in stages])
    layers: dict[str, str] = {}
    locked: dict[str, LockedImage] = {}
    for stage in stages:
        image, names = images[stage.image], layers_of(stage.target)
        locked[stage.target] = LockedImage(image.config, names)
        for name, layer in zip(names, image.layers, strict=True):
            if layers.setdefault(name, layer.diff_id) != layer.diff_id:
                raise AssertionError(f"layer {name} differs between images")
            write_listing(name, layer.listing)
    lock = msgspec.structs.replace(read_lock(), inputs=inputs(), layers=layers, images=locked)
    write_lock(lock)
