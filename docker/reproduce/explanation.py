"""How images differ from docker/images.lock: layer by layer, file by file."""

from collections.abc import Iterator, Mapping, Sequence

from docker.build.graph import Stage
from docker.build.layers import layers_of
from docker.lockfile import ImagesLock, read_listing
from docker.reproduce.differences import differences, shortened
from docker.reproduce.saved import Image, read_images


def explain(stages: Sequence[Stage], lock: ImagesLock) -> dict[str, list[str]]:
    """Return how the images of `stages` differ from the lock: by layer, a line for each file.

    An image whose layers are the locked ones is listed under its own name.
    """
    images = read_images([stage.image for stage in stages])
    explained: dict[str, list[str]] = {}
    for stage in stages:
        explained |= dict(_image_differences(stage.target, images[stage.image], lock))
    return explained


def _image_differences(
    target: str, image: Image, lock: ImagesLock
) -> Iterator[tuple[str, list[str]]]:
    differing = [
        (name, layer)
        for name, layer in zip(layers_of(target), image.layers, strict=True)
        if lock.layers.get(name) != layer.diff_id
    ]
    for name, layer in differing:
        yield f"layer {name}", differences(read_listing(name), layer.listing)
    if not differing and image.config != lock.images[target].config:
        yield f"image {target}", ["its configuration"]


def as_text(explained: Mapping[str, Sequence[str]]) -> str:
    """Return what `explain` found as lines to print."""
    return "".join(
        f"{name} differs:\n" + "".join(f"  {line}\n" for line in shortened(lines))
        for name, lines in explained.items()
    )
