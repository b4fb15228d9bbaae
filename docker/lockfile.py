"""Read and write docker/images.lock: what the images are made from, and what they come out as.

docker/listings, beside it, has the files of each layer, to show which ones differ in a build.
"""

import lzma
from pathlib import Path

import msgspec

from docker.paths import IMAGES_LOCK, LISTINGS
from stages.errors import InputCorruptError

# The longest, of TensorFlow's layer, takes 5 MB.
MAX_LISTING_BYTES = 2**28


class Package(msgspec.Struct, frozen=True):
    """A Debian package of the base image: its version, and the sha256 of its .deb."""

    version: str
    sha256: str


class LockedImage(msgspec.Struct, frozen=True):
    """An image: its configuration's digest, and its layers' names from the lowest up."""

    config: str
    layers: list[str]


class ImagesLock(msgspec.Struct, frozen=True):
    """What the images are made from, and what a build must come out as.

    - `inputs`: the sha256 of each thing that they are made from, except the Debian packages.
    - `packages`: the Debian packages of the base image, by name.
    - `layers`: the diff_id of each layer, by the layer's name.
    - `images`: the images, by the Dockerfile's target.
    """

    inputs: dict[str, str]
    packages: dict[str, Package]
    layers: dict[str, str]
    images: dict[str, LockedImage]


def read_lock(path: Path = IMAGES_LOCK) -> ImagesLock:
    """Return the lock, an empty one if there is no file.

    Raises InputCorruptError if it can't be read.
    """
    if not path.is_file():
        return ImagesLock({}, {}, {}, {})
    try:
        return msgspec.json.decode(path.read_bytes(), type=ImagesLock)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputCorruptError(
            f"{path} can't be read ({error}); restore it, or write it again with "
            "`invoke lock --images`"
        ) from None


def write_lock(lock: ImagesLock, path: Path = IMAGES_LOCK) -> None:
    """Write the lock, one fact to a line, so that a diff of it can be read."""
    encoded = msgspec.json.encode(lock, order="sorted")
    path.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")


def read_listing(layer: str, folder: Path = LISTINGS) -> list[str]:
    """Return the locked files of a layer, none if it has no listing.

    Raises InputCorruptError if it can't be read.
    """
    path = folder / f"{layer}.xz"
    if not path.is_file():
        return []
    try:
        with lzma.open(path) as stream:
            # A file's name may have any byte, and any other character that ends a line.
            text = stream.read(MAX_LISTING_BYTES).decode(errors="surrogateescape")
            return text.removesuffix("\n").split("\n") if text else []
    except (lzma.LZMAError, EOFError) as error:
        raise InputCorruptError(
            f"{path} can't be read ({error}); restore it, or write it again with "
            "`invoke lock --images`"
        ) from None


def write_listing(layer: str, listing: list[str], folder: Path = LISTINGS) -> None:
    """Write the listing of a layer: a line for each of its files."""
    folder.mkdir(exist_ok=True)
    text = "".join(f"{line}\n" for line in listing)
    (folder / f"{layer}.xz").write_bytes(
        lzma.compress(text.encode(errors="surrogateescape"), preset=9)
    )
