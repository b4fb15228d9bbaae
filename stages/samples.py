"""Labelled images as the stages hand them on."""

import io
import math
import tokenize
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stages.errors import InputCorruptError, ModelError, from_os_error
from stages.sizes import require_batch, require_calibration

# Height, width, and the channels red, green and blue.
ImageShape: TypeAlias = tuple[int, int, int]
# VGG19's, and that of the embedded images; a model that is given may have another.
IMAGE_SHAPE: ImageShape = (224, 224, 3)
# Its functions have no types.
NPY: Any = np.lib.format
# What zipfile and numpy raise for a file of another form.
UNREADABLE = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    SyntaxError,
    OverflowError,
    RuntimeError,
    MemoryError,
    UserWarning,
    tokenize.TokenError,
    zipfile.BadZipFile,
)
# Model input: float32 [n, height, width, 3].
Images: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Samples:
    """`images`: uint8 [N, height, width, 3], RGB; `labels`: int64 [N], indices of the classes."""

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
        """Return images start..start+size as model input.

        They are float32 [n, height, width, 3] in [0, 1].
        """
        scaled: Any = self.images[start : start + size].astype(np.float32) / np.float32(255)
        return np.asarray(scaled, np.float32)


def load_samples(path: Path) -> Samples:
    """Return what Samples.save wrote to a file; InputCorruptError if it is something else."""
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("error")  # a header of another form, as Python 2 wrote it
            images = _array(archive, "images", np.dtype(np.uint8), (0, 0, IMAGE_SHAPE[-1]))
            labels = _array(archive, "labels", np.dtype(np.int64), ())
    except UNREADABLE as error:
        damaged = InputCorruptError(f"{path} can't be read ({error}); run train again")
        raise from_os_error(error) or damaged from error
    if len(images) != len(labels):
        raise InputCorruptError(f"{path} has other labels than images; run train again")
    return Samples(images, labels)


def _array(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return an array [N, *shape], in which 0 stands for any length.

    Raises ValueError if it is of another form, before it takes memory.
    """
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise ValueError(f"{name} is compressed, as train does not write it")
    with archive.open(entry) as stream:
        version = NPY.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"{name} has a header of version {version}")
        found, fortran, kind = NPY.read_array_header_1_0(stream)
    size = math.prod(found) * dtype.itemsize
    fits = len(found) == len(shape) + 1 and all(map(_is_length, found[1:], shape))
    if fortran or kind != dtype or not fits or size > entry.file_size:
        form = ["N", *(length or "any" for length in shape)]
        raise ValueError(f"{name} is {kind} {list(found)}, not {dtype} of shape {form}")
    with archive.open(entry) as stream:
        return np.asarray(NPY.read_array(stream, allow_pickle=False))


def _is_length(found: int, wanted: int) -> bool:
    return found == wanted if wanted else found > 0


def first_samples(path: Path, count: int) -> Samples:
    """Return the first `count` calibration samples; SettingsError if there are fewer."""
    samples = load_samples(path)
    require_calibration(count, len(samples))
    return Samples(samples.images[:count], samples.labels[:count])


def require_full_batch(path: Path, setting: str, batch_size: int) -> None:
    """Check that a split has images for a batch of the size that `setting` asks for.

    Raises SettingsError if it has too few, ModelError if it has none.
    """
    images = len(load_samples(path))
    if not images:
        raise ModelError(f"{path} holds no image; run train again")
    require_batch(setting, batch_size, path.stem, images)


def batches_of(images: Images, size: int) -> list[Images]:
    """Return all images in batches of up to `size`, which are views of their memory."""
    return [images[start : start + size] for start in range(0, len(images), size)]
