"""What a record says of the program that makes it."""

from datetime import datetime, timezone

from stages import __version__
from stages.common.host.versions import versions
from stages.common.source import source_sha256
from stages.records.base import Provenance
from stages.setting.programs import PEERS, REHEARSE, SWEEP
from stages.settings import Settings, recorded_settings

TENSORFLOW = ("tensorflow-cpu", "tensorflow", "intel-extension-for-tensorflow", "numpy")
PEERS_TOOLS = ("openvino", "onnxruntime", "nncf", "onnx", "tf2onnx")
# What each program works with, of what the environment has that it runs in.
PACKAGES = {
    "train": (*TENSORFLOW, "tensorflow-hub", "tensorflow-datasets", "tf-keras"),
    "quantize": (*TENSORFLOW, "neural-compressor"),
    "profile": (*TENSORFLOW, "mlcommons-loadgen"),
    "compare": ("numpy", "scipy", "matplotlib", "jinja2", "pillow"),
    PEERS: (*TENSORFLOW, *PEERS_TOOLS),
    REHEARSE: (*TENSORFLOW, *PEERS_TOOLS),
    SWEEP: (*TENSORFLOW, "mlcommons-loadgen"),
}


def now() -> str:
    """Return the time as records have it: in UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def maker(settings: Settings, program: str) -> Provenance:
    """Return what a record says of the program that makes it now."""
    return Provenance(
        version=__version__,
        image=settings.image,
        made=now(),
        source=source_sha256(program),
        packages=versions(PACKAGES[program]),
        settings=recorded_settings(settings, program),
    )
