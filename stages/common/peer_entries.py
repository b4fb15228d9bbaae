"""The peers' models, and why some of them can't run."""

from pathlib import Path

from stages.artifacts import Artifacts, read_record, require_current, verify
from stages.common.entries import Entry
from stages.precisions import get_precision
from stages.records.fields import PEERS
from stages.records.peers import PeersRecord

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


def require_peers(artifacts: Artifacts) -> str:
    """Return the sha256 of the checksums of artifacts/peers, whose models are of this train's.

    Raises InputMissingError if it is not there, InputCorruptError if it is damaged or of another
    train folder.
    """
    sha256 = verify(artifacts.peers.path)
    record = read_record(artifacts.peers.record, PeersRecord)
    require_current(artifacts.peers.path, record.train_sha256, artifacts.train.path)
    return sha256
