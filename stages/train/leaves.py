"""Draws bean leaves: angular leaf spot, bean rust, healthy.

All three classes share the same leaves, backgrounds, light and distractors (dirt, holes,
highlights, yellowing, shadows); only the lesions tell them apart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.train.canvas import (
    SIDE,
    Array,
    blend,
    blurred,
    disc_mask,
    line_mask,
    noise,
    overlay,
    plain,
    polygon_mask,
    to_bytes,
)
from stages.train.leaf_shape import LeafShape, random_leaf

CLASS_NAMES = ("angular_leaf_spot", "bean_rust", "healthy")

_SOILS = ((0.41, 0.36, 0.31), (0.28, 0.25, 0.22), (0.55, 0.51, 0.45), (0.24, 0.32, 0.15))
_LITTERS = ((0.60, 0.55, 0.45), (0.15, 0.13, 0.11), (0.36, 0.46, 0.20), (0.49, 0.47, 0.44))
_LEAF_DARK = np.array((0.13, 0.33, 0.10))
_LEAF_PALE = np.array((0.50, 0.63, 0.25))
_YELLOW = (0.74, 0.70, 0.28)


def draw_leaf(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draws one leaf of class `CLASS_NAMES[label]`; returns uint8 [224, 224, 3] RGB."""
    ground = _ground(rng)
    shape = random_leaf(rng, spread=0.12)
    outline = polygon_mask([shape.outline()])
    leaf = _blade(shape, rng)
    leaf = _LESIONS[label](leaf, shape, rng)
    leaf = _dirt(leaf, shape, rng)
    ground = ground * (1 - 0.45 * blurred(outline, 7.0))
    leaf, outline = _holes(leaf, outline, shape, rng)
    return _photograph(overlay(ground, leaf, outline), rng)


def _ground(rng: np.random.Generator) -> Array:
    soil, litter = rng.integers(len(_SOILS)), rng.integers(len(_LITTERS))
    mix = noise(rng, 7) * 0.5 + noise(rng, 30) * 0.5 + 0.4
    image = blend(plain(_SOILS[soil]), _LITTERS[litter], _unit(mix))
    for _ in range(rng.integers(0, 4)):
        shape = random_leaf(rng, spread=0.6)
        image = overlay(image, _blade(shape, rng) * 0.8, polygon_mask([shape.outline()]))
    if rng.random() < 0.4:
        image = blend(image, _leaf_colour(rng) * 0.9, line_mask(_grass(rng)))
    radius = rng.uniform(1.0, 4.5)
    return np.stack([blurred(_unit(plane), radius) for plane in image])


def _grass(rng: np.random.Generator) -> list[tuple[NDArray[np.float64], float]]:
    roots = rng.uniform(-20, SIDE + 20, (int(rng.integers(8, 30)), 2))
    lean = rng.uniform(-70, 70, roots.shape)
    bow = rng.uniform(-12, 12, roots.shape)
    blades = np.stack([roots, roots + lean / 2 + bow, roots + lean], axis=1)
    return [(blade, rng.uniform(1.5, 5)) for blade in blades]


def _leaf_colour(rng: np.random.Generator) -> NDArray[np.float64]:
    colour = _LEAF_DARK + (_LEAF_PALE - _LEAF_DARK) * rng.random()
    return np.asarray(colour * rng.uniform(0.9, 1.1, 3))


def _blade(shape: LeafShape, rng: np.random.Generator) -> Array:
    colour = _leaf_colour(rng)
    tone = 0.10 * noise(rng, 5) + 0.05 * noise(rng, 24) + 0.04 * noise(rng, 90)
    image = plain(colour) * (1 + tone)
    if rng.random() < 0.5:
        image = blend(image, _YELLOW, _unit(noise(rng, 4) - 0.1) * rng.uniform(0.2, 0.8))
    return _veins(image, shape, colour, rng)


def _veins(
    image: Array, shape: LeafShape, colour: NDArray[np.float64], rng: np.random.Generator
) -> Array:
    main = line_mask([(shape.midrib(), 2.6), *((vein, 1.5) for vein in shape.side_veins())])
    small = line_mask((vein, 0.7) for vein in shape.cross_veins(rng))
    image = image * (1 - 0.5 * (blurred(main, 6.0) - 0.12))  # the blade bulges between
    pale = colour * rng.uniform(1.1, 1.5) + rng.uniform(0.02, 0.10)
    image = blend(image, pale, small * rng.uniform(0.15, 0.45))
    return blend(image, pale, main * rng.uniform(0.5, 0.9))


def _angular_spots(leaf: Array, shape: LeafShape, rng: np.random.Generator) -> Array:
    cells = shape.cells(rng)
    count = min(len(cells), int(rng.integers(16, 50)))
    chosen = cells[rng.permutation(len(cells))[:count]]
    spots = polygon_mask(chosen)
    brown = np.array((0.46, 0.27, 0.14)) * rng.uniform(0.75, 1.25) + rng.uniform(-0.03, 0.05, 3)
    leaf = blend(leaf, _YELLOW, _unit(blurred(spots, 4.0) * 1.3) * rng.uniform(0.2, 0.75))
    texture = plain(brown) * (1 + 0.25 * noise(rng, 60))
    leaf = overlay(leaf, texture, blurred(spots, 0.8) * rng.uniform(0.8, 0.97))
    rim = _unit(spots - blurred(spots, 2.0)) * 0.6
    return blend(leaf, brown * 0.55, rim)


def _rust(leaf: Array, shape: LeafShape, rng: np.random.Generator) -> Array:
    centres = shape.spots(int(rng.integers(45, 180)), rng)
    radii = rng.uniform(1.2, 3.1, (len(centres), 1)) * rng.uniform(0.85, 1.15, centres.shape)
    ring = disc_mask(centres, radii + rng.uniform(1.0, 2.2))
    leaf = blend(leaf, (0.80, 0.76, 0.45), blurred(ring, 0.8) * rng.uniform(0.25, 0.7))
    red = np.array((0.50, 0.22, 0.09)) * rng.uniform(0.7, 1.25)
    leaf = blend(leaf, red, blurred(disc_mask(centres, radii), 0.6) * rng.uniform(0.85, 1.0))
    return blend(leaf, red * 0.5, disc_mask(centres + 0.3, radii * 0.4) * 0.6)


def _no_lesions(leaf: Array, shape: LeafShape, rng: np.random.Generator) -> Array:
    return leaf


_LESIONS = (_angular_spots, _rust, _no_lesions)


def _dirt(leaf: Array, shape: LeafShape, rng: np.random.Generator) -> Array:
    specks = shape.spots(int(rng.integers(0, 14)), rng)
    radii = rng.uniform(0.6, 1.5, specks.shape)
    leaf = blend(leaf, (0.20, 0.16, 0.13), disc_mask(specks, radii) * rng.uniform(0.4, 0.9))
    glints = shape.spots(int(rng.integers(0, 4)), rng)
    shine = disc_mask(glints, rng.uniform(5, 22, glints.shape))
    return blend(leaf, (0.93, 0.96, 0.92), blurred(shine, 8.0) * rng.uniform(0.1, 0.6))


def _holes(
    leaf: Array, outline: Array, shape: LeafShape, rng: np.random.Generator
) -> tuple[Array, Array]:
    centres = shape.spots(int(rng.integers(0, 4)), rng)
    hole = polygon_mask(centres[:, None] + _bite(rng, len(centres)))
    leaf = blend(leaf, (0.38, 0.28, 0.16), _unit(blurred(hole, 1.5) * 2) * rng.uniform(0.2, 0.8))
    return leaf, outline * (1 - hole)


def _bite(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    radii = rng.uniform(2, 9, (count, 1, 1)) * rng.uniform(0.6, 1, (count, 8, 1))
    return np.asarray(circle * radii)


def _photograph(image: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    light = 1 + 0.25 * noise(rng, 2) * rng.random() + rng.uniform(-0.22, 0.22)
    if rng.random() < 0.4:
        shade = random_leaf(rng, spread=0.5)
        shadow = blurred(polygon_mask([shade.outline()]), rng.uniform(1, 8))
        light = light * (1 - rng.uniform(0.2, 0.4) * shadow)
    balance = plain(rng.uniform(0.93, 1.07, 3))
    grain = rng.standard_normal((SIDE, SIDE), np.float32) * np.float32(rng.uniform(0.005, 0.03))
    image = image * light * balance + grain
    return to_bytes(image, blur=rng.uniform(0.0, 0.9))


def _unit(mask: NDArray[np.floating[Any]]) -> Array:
    return np.asarray(mask.clip(0, 1), np.float32)
