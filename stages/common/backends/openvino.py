"""OpenVINO as a backend, tuned for latency on the threads it is given.

Source: openvino 2026.4, `Core.compile_model`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.precisions import get_precision
from stages.records.measure import MULTIPLYING, NodeKernel, NodeTime
from stages.samples import Images

# What OpenVINO's own graph calls a type that oneDNN has another name for.
RUNTIME_NAMES = {"s8": "i8"}
# Where its graph says what a node does, and what it does not run for a batch.
KIND, CONSTANTS = "layerType", ("Const", "Input", "Output")
# The first of these that a model has shows in which precision it runs.
JUDGED_BY = (("convolutions", {"Convolution"}), ("matrix products", MULTIPLYING))
# The fraction of these that must run in the precision asked for.
MIN_FRACTION = 0.9


class OpenvinoModel:
    """A model that is compiled for each batch size, which is faster than one for any size."""

    def __init__(self, path: str, precision: str, threads: int) -> None:
        """Read the model at `path`, an .xml; ModelError if OpenVINO can't."""
        import openvino

        self._core = openvino.Core()
        try:
            self._model = self._core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path} is no model that OpenVINO reads: {error}") from error
        self._precision = precision
        self._properties = _properties(precision, threads)
        self._requests: dict[int, Any] = {}

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the probabilities [n, classes] of images [n, height, width, 3].

        Raises ModelError if over a tenth of the convolutions, or of the matrix products of a model
        without any, run in another precision.
        """
        request = self._request(images.shape)
        # A copy, since the request's own memory holds the next answer, too.
        answer: npt.NDArray[np.float32] = request.infer([images], share_inputs=True)[0]
        return np.array(answer)

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify, and return nothing: OpenVINO does not report when each node began."""
        self(images)
        return []

    def kernels(self, images: Images) -> list[NodeKernel]:
        """Return what OpenVINO's own graph says of each node but its constants."""
        request = self._request(images.shape)
        infos = [
            (op.get_friendly_name(), _strings(op))
            for op in request.get_compiled_model().get_runtime_model().get_ordered_ops()
        ]
        return [
            NodeKernel(
                name=name,
                kind=info[KIND],
                kernel=info.get("primitiveType", ""),
                data_type=info.get("runtimePrecision", ""),
            )
            for name, info in infos
            if info[KIND] not in CONSTANTS
        ]

    def _request(self, shape: tuple[int, ...]) -> Any:
        """Return what runs batches of a shape, which is compiled when it first comes."""
        if shape[0] not in self._requests:
            self._requests[shape[0]] = self._compiled(shape)
        return self._requests[shape[0]]

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        model = self._model.clone()
        model.reshape(list(shape))
        compiled = self._core.compile_model(model, "CPU", self._properties)
        _require_precision(compiled.get_runtime_model().get_ops(), self._precision)
        return compiled.create_infer_request()


def load(path: str, precision: str, threads: int) -> OpenvinoModel:
    """Load the model at `path`, an .xml, to run in `precision` on `threads` threads.

    Raises ModelError if OpenVINO can't read it.
    """
    return OpenvinoModel(path, precision, threads)


def _properties(precision: str, threads: int) -> dict[str, Any]:
    return {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # What no INT8 kernel runs is FP32, as it is in our own INT8 models.
        "INFERENCE_PRECISION_HINT": get_precision(precision).converts_to or "f32",
    }


def _strings(op: Any) -> dict[str, str]:
    """Return what OpenVINO's own graph says of an op, by the names that it has for that."""
    return {name: str(value.astype(str)) for name, value in op.get_rt_info().items()}


def _require_precision(ops: list[Any], precision: str) -> None:
    infos = [*map(_strings, ops)]
    for what, kinds in JUDGED_BY:
        if ran := [info["runtimePrecision"] for info in infos if info[KIND] in kinds]:
            _require_most(ran, what, precision)
            return
    raise ModelError("OpenVINO's graph shows nothing that multiplies; this can't be measured by it")


def _require_most(ran: list[str], what: str, precision: str) -> None:
    wanted = {RUNTIME_NAMES.get(name, name) for name in get_precision(precision).data_types}
    fitting = sum(name in wanted for name in ran)
    if fitting < MIN_FRACTION * len(ran):
        raise ModelError(
            f"OpenVINO runs {what} in {', '.join(sorted(set(ran)))}, "
            f"not in {precision}; this CPU or this version of it can't"
        )
