"""Pictures of any common format as the images that train uses: RGB, upright, of one size."""

import io
import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose

from stages.samples import ImageShape

Pixels: TypeAlias = NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
# What tensorflow-datasets decodes as people see it, unless it is turned or transparent.
_OF_TFDS = ("JPEG", "PNG")
# An image takes 15 bytes for each while it is resized.
MAX_MEGAPIXELS = 64
_FEATURE = tfds.features.Image(shape=(None, None, 3))
# Exif 2.3, 4.6.4: the tag, and what each of its values but 1, upright, asks for.
_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_WHITE = (255, 255, 255, 255)
# What ends a JPEG, and what begins each of its scans.
_END, _SCAN = b"\xff\xd9", b"\xff\xda"
# What Pillow raises for a content that is none, or is damaged: it asserts that a palette is there.
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, LookupError, TypeError, OverflowError, MemoryError),
    AssertionError,
)


class UnreadableError(Exception):
    """Why a content can't be taken for a picture, in a few words."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`pixels`: uint8 [height, width, 3]; `on_white`: whether any of it was transparent."""

    pixels: Pixels
    on_white: bool = False


def image_of(content: bytes, shape: ImageShape) -> Decoded:
    """Return a picture's content as an image of `shape`, stretched if it has other proportions.

    Transparent parts are white, and of a moving picture the first frame is taken. Raises
    UnreadableError.
    """
    found = decoded(content)
    return Decoded(resized(found.pixels, shape), found.on_white)


def decoded(content: bytes) -> Decoded:
    """Return a picture's content as it is shown; raise UnreadableError if it can't be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of metadata that are damaged
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                return _decoded(picture, content)
    except UnidentifiedImageError:
        raise UnreadableError("no picture" if content else "empty") from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except (*_UNREADABLE, tf.errors.OpError):
        raise UnreadableError("damaged") from None


def resized(pixels: Any, shape: ImageShape) -> Any:
    """Return an image of uint8 in another size, as it is if it has that size."""
    if pixels.shape == shape:
        return pixels
    floats = tf.image.resize(pixels, shape[:2], antialias=True)
    values = tf.cast(tf.clip_by_value(tf.round(floats), 0, 255), tf.uint8)
    return values.numpy() if tf.executing_eagerly() else values


def _decoded(picture: Any, content: bytes) -> Decoded:
    if picture.width * picture.height > MAX_MEGAPIXELS * 10**6:
        raise _too_large()
    if picture.format == "JPEG" and content.rfind(_END) < content.rfind(_SCAN):
        raise UnreadableError("cut")
    turn = _turn_of(picture, content)
    if picture.format in _OF_TFDS and turn is None and not picture.has_transparency_data:
        return Decoded(_FEATURE.decode_example(content).numpy())
    upright = picture if turn is None else picture.transpose(turn)
    if not upright.has_transparency_data:
        return Decoded(np.asarray(upright.convert("RGB")))
    return _on_white(upright.convert("RGBA"))


def _turn_of(picture: Any, content: bytes) -> Any:
    """Return how a picture is to be turned, by its metadata; None if it is upright."""
    if picture.format == "PNG" and b"eXIf" not in content:
        return None  # Pillow would decode all of it to look for them
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION))
    except Exception:  # noqa: BLE001 - whatever is wrong with them, the picture may be whole
        return None


def _on_white(picture: Any) -> Decoded:
    background = Image.new("RGBA", picture.size, _WHITE)
    flat = Image.alpha_composite(background, picture).convert("RGB")
    return Decoded(np.asarray(flat), picture.getextrema()[3][0] < 255)


def _too_large() -> UnreadableError:
    return UnreadableError(f"more than {MAX_MEGAPIXELS} megapixels")
