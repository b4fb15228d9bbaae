"""The geometry of one bean leaflet: outline, veins, and the cells between the veins.

A point of the leaf is (along, across): along runs 0..1 from stalk to tip, across -1..1 from edge to
edge. `LeafShape.at` turns such points into pixels.
"""

from dataclasses import dataclass

import numpy as np

from stages.train.canvas import SIDE, Points

_LADDER = np.arange(0.1, 0.95, 0.14)  # where cross veins leave a side vein


@dataclass(frozen=True)
class LeafShape:
    """One ovate leaflet with a pointed tip; lengths in pixels, angle in radians."""

    centre: tuple[float, float]
    angle: float
    length: float
    width: float
    bend: float
    base: float
    tip: float
    pairs: int

    def at(self, along: Points, across: Points) -> Points:
        """Returns the [n, 2] pixels of n points of the leaf."""
        profile = along**self.base * (1 - along) ** self.tip
        peak = self.base / (self.base + self.tip)
        half = self.width / 2 * profile / (peak**self.base * (1 - peak) ** self.tip)
        x = (along - 0.5) * self.length
        y = across * half + self.bend * self.length * (along - 0.5) ** 2
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=1)
        return np.asarray(turned + np.asarray(self.centre))

    def outline(self) -> Points:
        """Returns the closed edge of the leaf as [n, 2] pixels."""
        along = np.linspace(0, 1, 40)
        there = self.at(along, np.ones(40))
        back = self.at(along[::-1], -np.ones(40))
        return np.concatenate([there, back])

    def midrib(self) -> Points:
        """Returns the middle vein as [n, 2] pixels."""
        return self.at(np.linspace(0, 1, 20), np.zeros(20))

    def side_veins(self) -> Points:
        """Returns the side veins, from the midrib outwards, as [n, 9, 2] pixels."""
        out = np.tile(np.linspace(0, 0.96, 9), (self.pairs, 1))
        return self._both_sides(_rise(self._starts()[:, None], out), out)

    def cross_veins(self, rng: np.random.Generator) -> Points:
        """Returns the small veins that join neighbouring side veins, as [n, 4, 2] pixels."""
        starts = self._starts()
        between = np.linspace(starts[:-1], starts[1:], 4, axis=1)
        low, out = (grid.ravel() for grid in np.meshgrid(range(len(between)), _LADDER))
        across = out[:, None] + rng.uniform(-0.05, 0.05, (len(out), 4))
        return self._both_sides(_rise(between[low], across), across)

    def cells(self, rng: np.random.Generator) -> Points:
        """Returns the vein-bounded cells that lie in the picture as [n, 8, 2] corner pixels."""
        starts = np.linspace(0.04, 0.8, self.pairs * 2)
        low, out = (grid.ravel()[:, None] for grid in np.meshgrid(starts[:-1], _LADDER))
        along = low + (starts[1] - starts[0]) * np.array([0, 0, 0, 0.5, 1, 1, 1, 0.5])
        across = out + 0.15 * (np.array([0, 0.5, 1, 1, 1, 0.5, 0, 0]) - 0.5)
        across = (across + rng.uniform(-0.035, 0.035, across.shape)).clip(0.01, 0.97)
        along = along + rng.uniform(-0.012, 0.012, along.shape)
        return _in_picture(self._both_sides(_rise(along, across), across))

    def spots(self, count: int, rng: np.random.Generator) -> Points:
        """Returns up to `count` random [n, 2] pixels on the leaf that lie in the picture."""
        along, across = rng.uniform(0.05, 0.93, 4 * count), rng.uniform(-0.92, 0.92, 4 * count)
        return _in_picture(self.at(along, across)[:, None])[:count, 0]

    def _starts(self) -> Points:
        return np.linspace(0.04, 0.8, self.pairs)

    def _both_sides(self, along: Points, across: Points) -> Points:
        halves = [self.at(along.ravel(), side * across.ravel()) for side in (-1, 1)]
        return np.concatenate([half.reshape(*along.shape, 2) for half in halves])


def random_leaf(rng: np.random.Generator, spread: float) -> LeafShape:
    """Returns a leaf whose centre lies within `spread` (a share of the side) of the middle."""
    length = rng.uniform(0.95, 1.6) * SIDE
    x, y = (0.5 + rng.uniform(-spread, spread, 2)) * SIDE
    return LeafShape(
        centre=(float(x), float(y)),
        angle=rng.uniform(0, 2 * np.pi),
        length=length,
        width=length * rng.uniform(0.6, 0.9),
        bend=rng.uniform(-0.25, 0.25),
        base=rng.uniform(0.42, 0.62),
        tip=rng.uniform(0.85, 1.3),
        pairs=int(rng.integers(5, 9)),
    )


def _rise(start: Points, out: Points) -> Points:
    # Side veins leave the midrib slanting towards the tip and flatten outwards.
    return np.asarray(np.clip(start + 0.3 * out * (1.3 - 0.6 * out) * (1 - start), 0.0, 1.0))


def _in_picture(shapes: Points) -> Points:
    middle = shapes.mean(axis=1)
    inside = ((middle > 8) & (middle < SIDE - 8)).all(axis=1)
    return np.asarray(shapes[inside])
