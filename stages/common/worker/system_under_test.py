"""A model as LoadGen's system under test, in the process that holds it."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.common.backends.registry import Infer
from stages.common.worker.loadgen import complete, rate_of, reasons_of, run_test
from stages.common.worker.protocol import LoadgenAnswer, LoadgenTest
from stages.samples import Images


class SystemUnderTest:
    """Classifies `images` [N, height, width, 3] with `infer`, up to a batch at a time.

    `seconds` are those of each batch, `ended_s` the monotonic clock after each; `predictions` are
    class indices by image, -1 for an image that was not asked for.
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
            batch = queries[start : start + len(self._buffer)]
            complete(batch, self.classify([query.index for query in batch]))

    def classify(self, indices: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the class index of each of these images, int64 [n]; n is at most a batch."""
        began = time.monotonic()
        classes = classify(self._infer, self._images, indices, self._buffer[: len(indices)])
        self.ended_s.append(time.monotonic())
        self.seconds.append(self.ended_s[-1] - began)
        self.predictions[indices] = classes
        return classes


def classify(
    infer: Infer, images: Images, indices: Sequence[int], buffer: Images | None = None
) -> npt.NDArray[np.int64]:
    """Return the class index of each of these images, int64 [n], classified as one batch.

    The batch is put into `buffer` [n, height, width, 3], if there is one.
    """
    batch = np.take(images, indices, axis=0, out=buffer, mode="clip")
    classes: npt.NDArray[np.int64] = infer(batch).argmax(axis=1)
    return classes


def run_loadgen_test(infer: Infer, images: Images, test: LoadgenTest) -> LoadgenAnswer:
    """Run one test of LoadGen on a model, and return its outcome."""
    system = SystemUnderTest(infer, images, test.batch_size)
    detail = run_test(test, system.issue, len(images))
    reasons = [] if test.accuracy else reasons_of(detail)
    return LoadgenAnswer(
        valid=not reasons,
        reasons=reasons,
        rate_per_s=rate_of(test.scenario, detail),
        seconds=system.seconds,
        ended_s=system.ended_s,
        predictions=system.predictions.tolist() if test.accuracy else [],
    )
