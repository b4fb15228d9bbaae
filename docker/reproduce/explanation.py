"""What differs between images and docker/images.lock: layer by layer, file by file."""

from collections.abc import Iterator, Mapping, Sequence

from docker.build.graph import Stage
from docker.build.layers import layers_of
from docker.lockfile import ImagesLock, read_listing
from docker.reproduce.differences import differences, shortened
from docker.reproduce.saved import Image, read_images


def explain(stages: Sequence[Stage], lock: ImagesLock) -> dict[str, list[str]]:
    """Return by name what differs from the lock in these images: layers with their files.

    An image whose layers are the locked ones is there under its own name.
    """
    found: dict[str, list[str]] = {}
    for tag, image in read_images([stage.image for stage in stages]).items():
        (target,) = (stage.target for stage in stages if stage.image == tag)
        found |= dict(_of_image(target, image, lock))
    return found


def _of_image(target: str, image: Image, lock: ImagesLock) -> Iterator[tuple[str, list[str]]]:
    names = layers_of(target)
    differing = [
        (name, layer)
        for name, layer in zip(names, image.layers, strict=True)
        if lock.layers.get(name) != layer.diff_id
    ]
    for name, layer in differing:
        yield f"layer {name}", differences(read_listing(name), layer.listing)
    if not differing and image.config != lock.images[target].config:
        yield f"image {target}", ["its configuration"]


def told(explained: Mapping[str, Sequence[str]]) -> str:
    """Return the differences as lines to read."""
    return "".join(
        f"{name} differs:\n" + "".join(f"  {line}\n" for line in shortened(lines))
        for name, lines in explained.items()
    )
