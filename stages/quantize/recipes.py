"""The ways to quantize that are tried, in this order, until one meets the accuracy bound."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to quantize; `left_out` are the op types that stay in FP32."""

    name: str
    activations: str
    left_out: tuple[str, ...]


# A quantized MaxPool after a ReLU runs in oneDNN's reference kernels under ITEX 2.15, which costs
# more than half of the speed; the convolutions around it do not need it in INT8.
RECIPES = (
    Recipe(
        name="minmax, per channel, MaxPool in FP32", activations="minmax", left_out=("MaxPool",)
    ),
    Recipe(name="kl, per channel, MaxPool in FP32", activations="kl", left_out=("MaxPool",)),
    Recipe(
        name="minmax, per channel, MaxPool and MatMul in FP32",
        activations="minmax",
        left_out=("MaxPool", "MatMul"),
    ),
)
