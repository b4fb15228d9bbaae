"""Folders of small pictures, each another; only imported where there is Pillow."""

from pathlib import Path

import numpy as np
from PIL import Image


def photograph(path: Path, seed: int, form: str = "JPEG") -> Path:
    """Write a picture of 24x32 that no other seed gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(path, form)
    return path


def photographs(folder: Path, count: int, classes: tuple[str, ...] = ("roses", "tulips")) -> Path:
    """Write `count` pictures of each class into its folder."""
    for label, name in enumerate(classes):
        for number in range(count):
            photograph(folder / name / f"{number}.jpg", 1000 * label + number)
    return folder
