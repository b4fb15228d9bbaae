"""ONNX Runtime's models of a SavedModel: FP32 by tf2onnx, INT8 by its own quantization.

Sources: tf2onnx 1.17, `convert.from_function`; onnxruntime 1.32, `quantization`.
"""

from pathlib import Path
from typing import Any

from stages.folder.full_disk import scratch_folder
from stages.samples import Samples

OPSET = 17


class CalibrationReader:
    """Calibration images one by one, in the form that ONNX Runtime asks for."""

    def __init__(self, samples: Samples, source: str) -> None:
        self._samples, self._source = samples, source
        self._next = 0

    def get_next(self) -> dict[str, Any] | None:
        """Return the next image [1, height, width, 3] by the input's name, None after the last."""
        if self._next == len(self._samples):
            return None
        self._next += 1
        return {self._source: self._samples.batch(self._next - 1, 1)}


def write(saved_model: Path, calibration: Samples, folder: Path) -> None:
    """Write fp32.onnx and int8.onnx to `folder`, which exists, by all calibration images."""
    source = _convert(saved_model, folder / "fp32.onnx")
    _quantize(folder / "fp32.onnx", CalibrationReader(calibration, source), folder / "int8.onnx")


def _convert(saved_model: Path, destination: Path) -> str:
    """Write the model in ONNX and return the name of its input."""
    import tensorflow as tf
    import tf2onnx

    loaded = tf.saved_model.load(str(saved_model))
    signature = loaded.signatures["serving_default"]
    ((name, source),) = signature.structured_input_signature[1].items()
    tf2onnx.convert.from_function(
        tf.function(lambda images: signature(**{name: images})),
        input_signature=[tf.TensorSpec(source.shape, source.dtype, name=name)],
        opset=OPSET,
        output_path=str(destination),
    )
    return str(name)


def _quantize(model: Path, reader: CalibrationReader, destination: Path) -> None:
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with scratch_folder("peers-") as scratch:
        prepared = scratch / "prepared.onnx"
        # Symbolic shapes matter to transformers, and would need another package.
        quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(destination),
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            # Unsigned activations and signed weights of all 8 bits: on this model, with VNNI, no
            # other combination was faster, and with unsigned weights it took three times as long.
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=False,
        )
