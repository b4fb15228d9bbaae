"""A few images of each class with what each precision answered, from train's test split."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from PIL import Image

from stages.artifacts import Artifacts
from stages.compare.highest import highest_timed
from stages.compare.page.accuracy import class_name
from stages.compare.page.seen import Seen
from stages.errors import InputCorruptError, StageError
from stages.files.checksums import read_checksums, sha256
from stages.precisions import get_precision
from stages.records.profile import ProfileRecord
from stages.samples import Samples, load_samples

PER_CLASS, MAX_CLASSES = 4, 12
PIXELS, QUALITY = 112, 80


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the test split: its bytes as a data URL, what it is, what each precision said.

    `answers` are a precision, its answer, and whether that is right.
    """

    url: Markup
    number: int
    label: str
    answers: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Images by class, those first that a precision got wrong; why there are none, else empty."""

    classes: list[tuple[str, list[Picture]]] = field(default_factory=list)
    left_out: str = ""


def gallery(seen: Seen, artifacts: Artifacts) -> Gallery:
    """Return images of the first runtime's test split.

    Whatever is wrong with them costs no page: it has the reason in their place.
    """
    record = seen.profiles[0].record
    try:
        samples = _samples(artifacts)
    except StageError:
        # Its message names a path of this machine, and a page may be mailed.
        return Gallery(left_out="the images of the test split are not there as train left them")
    if samples.labels.tolist() != record.labels:
        return Gallery(left_out="the test split there is another than the one measured on")
    return Gallery([_of_class(record, samples, label) for label in _labels(record)])


def _samples(artifacts: Artifacts) -> Samples:
    path = artifacts.train.test
    listed = read_checksums(artifacts.train.path, "run train again")
    name = path.relative_to(artifacts.train.path).as_posix()
    if not path.is_file() or listed.get(name) != sha256(path):
        raise InputCorruptError(f"{path} is missing or differs; run train again")
    return load_samples(path)


def _labels(record: ProfileRecord) -> list[int]:
    return sorted({*record.labels})[:MAX_CLASSES]


def _of_class(record: ProfileRecord, samples: Samples, label: int) -> tuple[str, list[Picture]]:
    numbers = [number for number, own in enumerate(record.labels) if own == label]
    first = sorted(numbers, key=lambda number: not _is_odd(record, number))[:PER_CLASS]
    pictures = [_picture(record, samples.images[number], number) for number in first]
    return class_name(record.classes, label), pictures


def _is_odd(record: ProfileRecord, number: int) -> bool:
    """Return whether a precision got an image wrong."""
    return any(not right for _, _, right in _answers(record, number))


def _answers(record: ProfileRecord, number: int) -> list[tuple[str, str, bool]]:
    answers: list[tuple[str, str, bool]] = []
    for cell in highest_timed(record):
        predictions: Sequence[int] = (
            cell.measurement.accuracy.predictions if cell.measurement else []
        )
        if number < len(predictions):
            answer, label = predictions[number], get_precision(cell.precision).label
            right = answer == record.labels[number]
            answers.append((label, class_name(record.classes, answer), right))
    return answers


def _picture(record: ProfileRecord, image: npt.NDArray[np.uint8], number: int) -> Picture:
    label = class_name(record.classes, record.labels[number])
    return Picture(_url(image), number, label, _answers(record, number))


def _url(image: npt.NDArray[np.uint8]) -> Markup:
    """Return an image [height, width, 3] as the URL of a small JPEG."""
    stream = io.BytesIO()
    small = Image.fromarray(image).resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    small.save(stream, "JPEG", quality=QUALITY)
    encoded = base64.b64encode(stream.getvalue()).decode()
    return Markup("data:image/jpeg;base64,{}").format(encoded)
