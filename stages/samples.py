"""Labelled images as the stages hand them on."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stages.errors import InputCorruptError, ModelError, SettingsError

IMAGE_SHAPE = (224, 224, 3)
# Model input: float32 [n, height, width, 3].
Images: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Samples:
    """`images`: uint8 [N, 224, 224, 3], RGB; `labels`: int64 [N], indices of the classes."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def save(self, path: Path) -> None:
        """Write both arrays to an .npz file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # As np.savez does, but without what would differ between equal samples: the time of day,
        # compression, which depends on zlib's version, and the form for large files, on Python's.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, array in (("images", self.images), ("labels", self.labels)):
                entry = zipfile.ZipInfo(f"{name}.npy")
                content = io.BytesIO()
                np.save(content, array, allow_pickle=False)
                archive.writestr(entry, content.getbuffer())

    def batch(self, start: int, size: int) -> npt.NDArray[np.float32]:
        """Return images start..start+size as model input: float32 [n, 224, 224, 3] in [0, 1]."""
        scaled: Any = self.images[start : start + size].astype(np.float32) / np.float32(255)
        return np.asarray(scaled, np.float32)


def load_samples(path: Path) -> Samples:
    """Return what Samples.save wrote to a file; InputCorruptError if it is something else."""
    try:
        with np.load(path) as arrays:
            samples = Samples(arrays["images"], arrays["labels"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputCorruptError(f"{path} can't be read ({error}); run train again") from error
    if samples.images.shape[1:] != IMAGE_SHAPE or len(samples.images) != len(samples.labels):
        raise InputCorruptError(f"{path} has images of another shape; run train again")
    return samples


def first_samples(path: Path, count: int) -> Samples:
    """Return the first `count` calibration samples; SettingsError if there are fewer."""
    samples = load_samples(path)
    if len(samples) < count:
        raise SettingsError(
            f"calibration_samples {count} exceeds the {len(samples)} images that train set aside; "
            f"run train with VGG19_CALIBRATION_SAMPLES={count}, or ask for less"
        )
    return Samples(samples.images[:count], samples.labels[:count])


def require_full_batch(path: Path, setting: str, batch_size: int) -> None:
    """Check that a split has images for a batch of the size that `setting` asks for.

    Raises SettingsError if it has too few, ModelError if it has none.
    """
    images = len(load_samples(path))
    if not images:
        raise ModelError(f"{path} holds no image; run train again")
    if batch_size > images:
        raise SettingsError(
            f"{setting} {batch_size} exceeds the {images} {path.stem} images; give less"
        )


def batches_of(images: Images, size: int) -> list[Images]:
    """Return all images in batches of up to `size`, which are views of their memory."""
    return [images[start : start + size] for start in range(0, len(images), size)]
