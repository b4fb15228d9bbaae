"""The precisions that a model can run in, and how they differ, in one table.

A precision either has a model of its own, or the runtime converts a model of another one as it
loads it: then every op that is in FP32 runs in the type that it is converted to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.isa import ISA_NAMES

FP32, BF16, INT8, INT8_BF16 = "fp32", "bf16", "int8", "int8_bf16"
FLOAT_TYPES = frozenset({"f32"})
INT8_TYPES = frozenset({"s8", "u8"})
BF16_SWITCHES = {
    "ITEX_AUTO_MIXED_PRECISION": "1",
    "ITEX_AUTO_MIXED_PRECISION_DATA_TYPE": "BFLOAT16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """One precision.

    - `label`: for people; `color`: that of pictures, in another lightness than the others', as a
      print may be grey; `meaning`: what runs in it, for a setting's help.
    - `data_types`: the source types, in oneDNN's words, that its convolutions, matmuls and inner
      products may have; at least one must have one of `required_types`.
    - `model`: whose model it runs, FP32 (the trained one) or INT8 (the quantized one).
    - `converts_to`: the type, in oneDNN's words, that the runtime converts ops in FP32 to when it
      loads the model; empty if it converts none.
    - `switches`, `graph_rewrites`: what makes it convert: variables for Intel's extension, options
      of the graph optimizer for stock TensorFlow.
    - `native_flags`: CPU flags of which one must be there to multiply natively; empty: any CPU can.
    - `lowest_isa`: oneDNN has no kernels of it below; `lowest_native_isa`: below, it is emulated;
      `lowest_exact_isa`: below, sums of products saturate.
    - `uses_tiles`: AMX has instructions for it.
    - `peer`: the precision of another backend that it is compared with.
    """

    name: str
    label: str
    meaning: str
    color: str
    data_types: frozenset[str]
    required_types: frozenset[str]
    model: str
    peer: str
    uses_tiles: bool = False
    converts_to: str = ""
    switches: Mapping[str, str] = field(default_factory=dict)
    graph_rewrites: tuple[str, ...] = ()
    native_flags: frozenset[str] = frozenset()
    lowest_isa: str = ISA_NAMES[0]
    lowest_native_isa: str = ISA_NAMES[0]
    lowest_exact_isa: str = ISA_NAMES[0]

    def __post_init__(self) -> None:
        """Raise ValueError if a row of the table is not one that the stages can run."""
        if self.model not in (FP32, INT8):
            raise ValueError(f"{self.name}: model is {self.model!r}, not {FP32!r} or {INT8!r}")
        if self.name != self.model and not self.converts_to:
            raise ValueError(f"{self.name} runs the model of {self.model}, so it must convert it")

    def is_native_on(self, cpu_flags: frozenset[str]) -> bool:
        """Return whether a CPU with these flags multiplies in this precision without emulation."""
        return not self.native_flags or bool(self.native_flags & cpu_flags)


PRECISIONS = (
    Precision(
        name=FP32,
        label="FP32",
        meaning="the trained model as it is",
        color="#a8b8c5",
        data_types=FLOAT_TYPES,
        required_types=FLOAT_TYPES,
        model=FP32,
        peer=FP32,
    ),
    Precision(
        name=BF16,
        label="BF16",
        meaning="the trained model, whose products the runtime converts to BF16",
        color="#cf8629",
        data_types=frozenset({BF16}),
        required_types=frozenset({BF16}),
        model=FP32,
        peer=BF16,
        uses_tiles=True,
        converts_to=BF16,
        switches=BF16_SWITCHES,
        graph_rewrites=("auto_mixed_precision_onednn_bfloat16",),
        native_flags=frozenset({"avx512_bf16", "amx_bf16"}),
        lowest_isa="AVX512_CORE",
        lowest_native_isa="AVX512_CORE_BF16",
    ),
    Precision(
        name=INT8,
        label="INT8",
        meaning="the quantized model, with what it leaves out in FP32",
        color="#2580bf",
        data_types=INT8_TYPES,
        required_types=INT8_TYPES,
        model=INT8,
        peer=INT8,
        uses_tiles=True,
        lowest_exact_isa="AVX512_CORE_VNNI",
    ),
    Precision(
        name=INT8_BF16,
        label="INT8_BF16",
        meaning="the quantized model, with what it leaves out in BF16",
        color="#553a8c",
        data_types=INT8_TYPES | {BF16},
        required_types=INT8_TYPES,
        model=INT8,
        peer=INT8,
        uses_tiles=True,
        converts_to=BF16,
        switches=BF16_SWITCHES,
        graph_rewrites=("auto_mixed_precision_onednn_bfloat16",),
        native_flags=frozenset({"avx512_bf16", "amx_bf16"}),
        lowest_isa="AVX512_CORE",
        lowest_native_isa="AVX512_CORE_BF16",
    ),
)
PRECISION_NAMES = tuple(precision.name for precision in PRECISIONS)


def get_precision(name: str) -> Precision:
    """Return the precision called `name`; KeyError if there is none."""
    return {precision.name: precision for precision in PRECISIONS}[name]
