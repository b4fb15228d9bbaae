"""The runtimes that our models can be quantized for and measured with, in one table.

The switches count only if they are set before TensorFlow is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# oneDNN's own default depends on CPU flags, and constant folding would undo INT8 weights.
SWITCHES = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ITEX_ONEDNN_GRAPH": "1",
    "ITEX_TF_CONSTANT_FOLDING": "0",
    "ITEX_OMP_THREADPOOL": "1",
    "ITEX_FP32_MATH_MODE": "FP32",
    "ITEX_CACHE_ONEDNN_OBJECT": "1",
    "ITEX_AUTO_MIXED_PRECISION": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One runtime.

    - `label`: for people, as the help of the setting says it.
    - `backend`: the module of stages.common.backends that runs its models.
    - `environment`: the name of the virtual environment that has its packages; `requirements`:
      the lists of packages that go into it, in order.
    - `interpreter_setting`: the setting that names its interpreter to a program that runs in
      another environment; empty if that program runs in this one.
    - `extension`: the module that TensorFlow must find to be this runtime, empty if none.
    - `fuses_qdq`: Neural Compressor leaves pairs of QuantizeV2 and Dequantize, which the runtime
      fuses when it loads the model; else it leaves the fused ops themselves.
    - `converts_by`: the field of a Precision that makes this runtime convert ops in FP32.
    - `quantize_switches`: variables of the process that quantizes, beside SWITCHES.
    """

    name: str
    label: str
    backend: str
    environment: str
    requirements: tuple[str, ...]
    converts_by: Literal["switches", "graph_rewrites"]
    interpreter_setting: str = ""
    extension: str = ""
    fuses_qdq: bool = False
    quantize_switches: Mapping[str, str] = field(default_factory=dict)


# The first is the default, and keeps the stages' plain names for its folders.
RUNTIMES = (
    Runtime(
        name="itex",
        label="2.15 with Intel's extension",
        backend="tensorflow",
        environment="stages",
        requirements=(
            "build",
            "common",
            "tensorflow",
            "train",
            "quantize",
            "profile",
            "compare",
        ),
        converts_by="switches",
        interpreter_setting="itex_python",
        extension="intel_extension_for_tensorflow",
        fuses_qdq=True,
        # While it calibrates, Neural Compressor turns off what of the extension rewrites graphs.
        # TensorFlow's own rewriting then fuses batch normalization with ReLU, into an op of which
        # both have a kernel, so that neither runs.
        quantize_switches={"TF_ENABLE_ONEDNN_OPTS": "0"},
    ),
    Runtime(
        name="stock",
        label="2.21",
        backend="tensorflow",
        environment="stock",
        requirements=("build", "stock"),
        converts_by="graph_rewrites",
        # Neural Compressor reads Keras models, and knows only the Keras before version 3.
        quantize_switches={"TF_USE_LEGACY_KERAS": "1"},
    ),
)
# The runtime whose environment also has the peers' packages, and so runs the peers' program.
PEERS_RUNTIME = "stock"
RUNTIME_NAMES = tuple(runtime.name for runtime in RUNTIMES)


def get_runtime(name: str) -> Runtime:
    """Return the runtime called `name`; KeyError if there is none."""
    return {runtime.name: runtime for runtime in RUNTIMES}[name]


def quantize_switches(name: str) -> dict[str, str]:
    """Return the environment variables of a process that quantizes for a runtime."""
    return {**SWITCHES, **get_runtime(name).quantize_switches}
