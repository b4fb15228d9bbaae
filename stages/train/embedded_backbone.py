"""VGG19 weights made on the spot: filter banks and random mixtures, scaled layer by layer.

No network is trained. The first convolution is a bank of 3x3 colour filters (blurs, edges, spots)
in pairs of opposite sign, so that ReLU loses nothing. Every later convolution keeps most of its
input channels (a centre tap) and fills the rest with small spatial filters over a few input
channels, again in opposite pairs; weak random weights make every kernel dense. Each channel is
then shifted to a threshold and scaled to a common peak, as measured on a few unlabelled drawn
leaves that belong to no split: deep features are counts of local patterns, rare ones too.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.train.leaves import CLASS_NAMES, draw_leaf
from stages.train.vgg19 import CONV_LAYERS, Weights, blocks, pool

_STREAM = 19  # keeps these random numbers apart from those of the data splits
_LEAVES = 12
_KEPT_SHARE = 0.75
_MAX_MIXED = 3
_DENSE = 0.01
_KEPT_LEVEL = 0.02
_LEVELS = (0.3, 0.985)
_PEAK = 8.0  # largest activation of a channel, about
# Largest factors of the first layer, of kept and of new channels: INT8's rounding grows by them.
_FIRST_GAIN, _KEPT_GAIN, _NEW_GAIN = 16.0, 1.0, 2.0

Floats = NDArray[np.float64]


def make_weights(seed: int, progress: Callable[[int, int], None]) -> Weights:
    """Returns kernel [3, 3, in, out] and bias [out] of the sixteen convolutions, by name.

    `progress` is told (layers done, sixteen). The same seed gives the same weights.
    """
    rng = np.random.default_rng([seed, _STREAM])
    x = tf.constant(_leaves(rng))
    weights: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for block, convs in blocks():
        for name, width in convs:
            kernel, levels = _filters(int(x.shape[-1]), width, rng)
            response = tf.nn.conv2d(x, tf.constant(kernel, tf.float32), 1, "SAME")
            scale, bias = _normalisation(
                response.numpy(), levels, _gain_limits(levels, not weights)
            )
            weights[name] = (kernel * scale).astype(np.float32), bias
            x = tf.nn.relu(response * scale + bias)
            progress(len(weights), CONV_LAYERS)
        x = pool(x, block)
    return weights


def _leaves(rng: np.random.Generator) -> NDArray[np.float32]:
    images = [draw_leaf(index % len(CLASS_NAMES), rng) for index in range(_LEAVES)]
    return np.stack(images).astype(np.float32) / np.float32(255)


def _filters(inputs: int, outputs: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns a kernel [3, 3, in, out] and the share of responses each channel cuts off [out]."""
    if inputs == 3:
        bank = _colour_bank()
        return bank, rng.uniform(0.3, 0.9, outputs)
    kept = inputs if inputs < outputs else int(inputs * _KEPT_SHARE)
    kernel = _dense(inputs, outputs, rng)
    kernel[1, 1, np.arange(kept), np.arange(kept)] += 1
    for channel in range(kept, outputs, 2):
        pattern = _pattern(inputs, rng)
        kernel[..., channel] += pattern
        kernel[..., channel + 1] -= pattern
    new = rng.uniform(*_LEVELS, outputs - kept)
    return kernel, np.concatenate([np.full(kept, _KEPT_LEVEL), new])


def _dense(inputs: int, outputs: int, rng: np.random.Generator) -> Floats:
    kernel = rng.standard_normal((3, 3, inputs, outputs))
    kernel -= kernel.mean(axis=2, keepdims=True)
    return np.asarray(_DENSE * kernel / np.sqrt((kernel**2).sum(axis=(0, 1, 2))))


def _pattern(inputs: int, rng: np.random.Generator) -> Floats:
    """Returns one filter [3, 3, in]: a spatial pattern over one to a few input channels."""
    spatial = _SPATIAL[rng.choice(len(_SPATIAL), p=_SPATIAL_ODDS)]
    mixed = int(rng.integers(1, _MAX_MIXED + 1))
    pattern = np.zeros((3, 3, inputs))
    chosen = rng.choice(inputs, mixed, replace=False)
    pattern[:, :, chosen] = spatial[:, :, None] * rng.choice([-1, 1], mixed) / np.sqrt(mixed)
    return pattern


def _normalisation(
    response: NDArray[np.float32], levels: Floats, limits: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns scale and bias [channels] that cut each channel at its level, to one common peak.

    One peak for all channels lets a whole layer share an INT8 scale. Both are rounded coarsely,
    so that the last bits of a CPU's arithmetic don't reach the weights.
    """
    flat = response.reshape(-1, response.shape[-1]).astype(np.float64)
    sample = flat[:: max(1, len(flat) // 20000)]
    cut = np.array([np.quantile(sample[:, c], level) for c, level in enumerate(levels)])
    wanted = _PEAK / (flat.max(axis=0) - cut + 1e-6)
    scale = np.exp2(np.round(np.log2(np.minimum(wanted, limits))))
    bias = np.round(-cut * scale * 8) / 8
    return scale.astype(np.float32), bias.astype(np.float32)


def _gain_limits(levels: Floats, first: bool) -> Floats:
    if first:
        return np.full(len(levels), _FIRST_GAIN)
    return np.where(levels == _KEPT_LEVEL, _KEPT_GAIN, _NEW_GAIN)


def _colour_bank() -> Floats:
    """Returns the first kernel [3, 3, 3, 64]: 32 colour filters and their opposites."""
    blurs = np.einsum("hw,fc->hwcf", _BLUR / 16, _colours(_OPPONENTS))
    details = np.einsum("khw,fc->hwckf", _DETAILS, _colours(_OPPONENTS[:3])).reshape(3, 3, 3, -1)
    filters = np.concatenate([blurs, details], axis=-1)
    return np.concatenate([filters, -filters], axis=-1)


def _colours(directions: Floats) -> Floats:
    return np.asarray(directions / np.abs(directions).sum(axis=1, keepdims=True))


def _products() -> Floats:
    axes = np.array([[1, 1, 1], [1, -2, 1], [1, 0, -1]], np.float64)
    products = np.einsum("ih,jw->ijhw", axes, axes)
    return np.asarray(products.reshape(9, 3, 3)[1:])


_BLUR = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float64)
_DETAILS = _products() / np.abs(_products()).sum(axis=(1, 2), keepdims=True)
_SPOT = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], np.float64)
_CENTRE = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float64)
_UNSCALED = np.stack([_BLUR, *_products(), _SPOT, _CENTRE])
_SPATIAL = _UNSCALED / np.sqrt((_UNSCALED**2).sum(axis=(1, 2), keepdims=True))
_SPATIAL_ODDS = (0.2, *[0.03] * 8, 0.31, 0.25)
_OPPONENTS = np.array(  # brightness and colour differences of (red, green, blue)
    [
        [1, 1, 1],
        [1, -1, 0],
        [1, 1, -2],
        [1, 0, -1],
        [0, 1, -1],
        [2, -1, -1],
        [1, 2, -3],
        [3, -2, -1],
    ],
    np.float64,
)
