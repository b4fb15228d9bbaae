"""OpenVINO's models of a SavedModel: FP32 by its converter, INT8 by NNCF.

Sources: openvino 2026.4, `convert_model`; nncf 3.4, `quantize`.
"""

from pathlib import Path

from stages.samples import Samples


def write(saved_model: Path, calibration: Samples, folder: Path) -> None:
    """Write fp32.xml and int8.xml with their weights to `folder`, which exists.

    All calibration images are used, in NNCF's default, its fastest preset.
    """
    import nncf
    import openvino

    model = openvino.convert_model(saved_model)
    openvino.save_model(model, folder / "fp32.xml", compress_to_fp16=False)
    images = [calibration.batch(index, 1) for index in range(len(calibration))]
    quantized = nncf.quantize(model, nncf.Dataset(images), subset_size=len(images))
    openvino.save_model(quantized, folder / "int8.xml", compress_to_fp16=False)
