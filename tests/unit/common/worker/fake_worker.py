"""The real worker with a model that needs no framework: it distinguishes dark from bright."""

import os
import signal
import sys
from typing import Any

import numpy as np

from stages.common.backends import registry
from stages.common.worker import __main__ as worker
from stages.records.measure import NodeKernel, NodeTime
from stages.samples import Images


class Brightness:
    """Class 1 are images brighter than half; `path` names what it does wrong, if anything."""

    def __init__(self, path: str) -> None:
        self._path, self._calls = path, 0

    def __call__(self, images: Images) -> Any:
        print("onednn_verbose,classified", len(images), flush=True)
        self._calls += 1
        if self._path == "dies" and self._calls > 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        bright = images.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1)

    def trace(self, images: Images) -> list[NodeTime]:
        return [NodeTime("brightness", 1.0, float(len(images)))]

    def kernels(self, images: Images) -> list[NodeKernel]:
        return []


def load(path: str, precision: str, threads: int) -> Brightness:
    if path == "raises":
        raise ZeroDivisionError("in the framework")
    if path == "greedy":
        raise RuntimeError("OOM when allocating tensor with shape[1,2]")
    return Brightness(path)


if __name__ == "__main__":
    sys.modules["stages.common.backends.brightness"] = sys.modules[__name__]
    vars(registry)["names"] = lambda: ["brightness"]
    worker.main()
