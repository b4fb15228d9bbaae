"""The models that the peers will run, and why some of them can't."""

from pathlib import Path

from stages.common.entries import Entry
from stages.precisions import get_precision

PEERS = ("openvino", "onnxruntime")
NO_ORT_BF16 = "ONNX Runtime's CPU provider has no BF16 convolution on x86"
NO_BF16 = "no avx512_bf16 or amx_bf16 flag"


def find_peers(models: Path, flags: frozenset[str]) -> list[Entry]:
    """Return the peers' entries on a CPU with `flags`; their models will be in `models`."""
    no_bf16 = None if get_precision("bf16").is_native_on(flags) else NO_BF16
    openvino, onnxruntime = (models / peer for peer in PEERS)
    return [
        Entry("openvino", "fp32", openvino / "fp32.xml"),
        Entry("openvino", "bf16", openvino / "fp32.xml", missing=no_bf16),
        Entry("openvino", "int8", openvino / "int8.xml"),
        Entry("onnxruntime", "fp32", onnxruntime / "fp32.onnx"),
        Entry("onnxruntime", "bf16", missing=NO_ORT_BF16),
        Entry("onnxruntime", "int8", onnxruntime / "int8.onnx"),
    ]
