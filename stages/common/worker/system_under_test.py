"""A model as LoadGen's system under test, in the process that holds it."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.common.backends.registry import Infer
from stages.common.worker.loadgen import complete, rate_of, reasons_of, run_test
from stages.common.worker.protocol import Load, LoadAnswer
from stages.samples import Images


class SystemUnderTest:
    """Classifies `images` [N, height, width, 3] with `infer`, up to a batch at a time.

    `seconds` are those of each batch, `ended_s` the monotonic clock after each; `predictions` are
    class indices by image, -1 where an image was not asked for.
    """

    def __init__(self, infer: Infer, images: Images, batch_size: int) -> None:
        self._infer, self._images = infer, images
        self._buffer = np.empty((batch_size, *images.shape[1:]), np.float32)
        self.seconds: list[float] = []
        self.ended_s: list[float] = []
        self.predictions: npt.NDArray[np.int64] = np.full(len(images), -1, np.int64)

    def issue(self, queries: Sequence[Any]) -> None:
        """Answer LoadGen's queries at once, in batches; the last may be smaller."""
        for start in range(0, len(queries), len(self._buffer)):
            part = queries[start : start + len(self._buffer)]
            complete(part, self.classify([each.index for each in part]))

    def classify(self, indices: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the class of each of these images, no more than a batch."""
        began = time.monotonic()
        classes = classify(self._infer, self._images, indices, self._buffer[: len(indices)])
        self.ended_s.append(time.monotonic())
        self.seconds.append(self.ended_s[-1] - began)
        self.predictions[indices] = classes
        return classes


def classify(
    infer: Infer, images: Images, indices: Sequence[int], batch: Images | None = None
) -> npt.NDArray[np.int64]:
    """Return the class of each of these images, as one batch, put into `batch` if given."""
    taken = np.take(images, indices, axis=0, out=batch, mode="clip")
    classes: npt.NDArray[np.int64] = infer(taken).argmax(axis=1)
    return classes


def load(infer: Infer, images: Images, asked: Load) -> LoadAnswer:
    """Run one test of LoadGen over a model, and return what came of it."""
    subject = SystemUnderTest(infer, images, asked.batch_size)
    detail = run_test(asked, subject.issue, len(images))
    reasons = [] if asked.accuracy else reasons_of(detail)
    return LoadAnswer(
        valid=not reasons,
        reasons=reasons,
        rate_per_s=rate_of(asked.scenario, detail),
        seconds=subject.seconds,
        ended_s=subject.ended_s,
        predictions=subject.predictions.tolist() if asked.accuracy else [],
    )
