"""Masks, noise and colour blending on a 224x224 canvas.

Only exactly rounded arithmetic (+, -, *, /) and Pillow's own rasteriser touch the pixels, so
that the same random numbers give the same bytes on every CPU.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE = 224
_SCALE = 2  # masks are drawn at twice the size and averaged down: smooth edges

Array = NDArray[np.float32]
Points = NDArray[np.float64]
Colour = Sequence[float] | NDArray[np.float64]


def polygon_mask(polygons: Iterable[Points]) -> Array:
    """Returns a [224, 224] mask in 0..1 of filled polygons, each [n, 2] points (x, y) in pixels."""
    sheet, pen = _sheet()
    for points in polygons:
        pen.polygon(_flat(points), fill=255)
    return _averaged(sheet)


def line_mask(lines: Iterable[tuple[Points, float]]) -> Array:
    """Returns a [224, 224] mask in 0..1 of (points, width in pixels) polylines."""
    sheet, pen = _sheet()
    for points, width in lines:
        pen.line(_flat(points), fill=255, width=max(1, round(width * _SCALE)), joint="curve")
    return _averaged(sheet)


def disc_mask(centres: Points, radii: NDArray[np.float64]) -> Array:
    """Returns a [224, 224] mask in 0..1 of ellipses: centres and half axes [n, 2] in pixels."""
    sheet, pen = _sheet()
    for low, high in zip((centres - radii) * _SCALE, (centres + radii) * _SCALE, strict=True):
        pen.ellipse((low[0], low[1], high[0], high[1]), fill=255)
    return _averaged(sheet)


def blurred(mask: Array, radius: float) -> Array:
    """Returns the [224, 224] mask in 0..1 after a Gaussian blur of this radius in pixels."""
    image = Image.fromarray((mask * 255).astype(np.uint8))
    return _unit(image.filter(ImageFilter.GaussianBlur(radius)))


def noise(rng: np.random.Generator, cells: int) -> Array:
    """Returns smooth [224, 224] noise in about -1..1 with this many bumps along a side."""
    grid = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def plain(colour: Colour) -> Array:
    """Returns an image [3, 224, 224] of one colour in 0..1."""
    return np.broadcast_to(_planes(colour), (3, SIDE, SIDE))


def blend(image: Array, colour: Colour, mask: Array) -> Array:
    """Returns the image [3, 224, 224] with a colour in 0..1 laid over it through a mask."""
    return image + (_planes(colour) - image) * mask


def overlay(image: Array, upper: Array, mask: Array) -> Array:
    """Returns the image [3, 224, 224] with another one laid over it through a mask."""
    return image + (upper - image) * mask


def to_bytes(image: Array, blur: float) -> NDArray[np.uint8]:
    """Returns the image in 0..1 as uint8 [224, 224, 3], blurred by this radius in pixels."""
    levels = (image.clip(0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    return np.array(picture.filter(ImageFilter.GaussianBlur(blur)))


def _planes(colour: Colour) -> Array:
    return np.asarray(colour, np.float32).reshape(3, 1, 1)


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("L", (SIDE * _SCALE, SIDE * _SCALE))
    return sheet, ImageDraw.Draw(sheet)


def _flat(points: Points) -> list[float]:
    return [float(value) for value in (points * _SCALE).ravel()]


def _averaged(sheet: Image.Image) -> Array:
    return _unit(sheet.reduce(_SCALE))


def _unit(image: Image.Image) -> Array:
    return np.asarray(image, np.float32) / np.float32(255)
