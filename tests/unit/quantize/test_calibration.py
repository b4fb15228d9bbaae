"""Neural Compressor itself, on models as people have them, with the switches of the stage."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from stages.runtimes import get_runtime, quantize_switches

pytestmark = pytest.mark.image

# As in DenseNet, batch normalization is not behind a convolution, and so can't be folded into one.
SCRIPT = """
import sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.records.quantize import Recipe
from stages.samples import Samples

folder, runtime = Path(sys.argv[1]), sys.argv[2]
dice = np.random.default_rng(0)
weights = lambda *shape: tf.constant(dice.normal(size=shape), tf.float32)
first, second = weights(3, 3, 3, 8), weights(3, 3, 8, 4)
scale, offset, mean, variance = (tf.constant(dice.uniform(1, 2, 8), tf.float32) for _ in range(4))


@tf.function(input_signature=[tf.TensorSpec([None, 16, 16, 3], tf.float32, "images")])
def answer(images):
    pooled = tf.nn.max_pool2d(tf.nn.conv2d(images, first, 1, "SAME"), 2, 2, "SAME")
    normal, *_ = tf.compat.v1.nn.fused_batch_norm(
        pooled, scale, offset, mean, variance, is_training=False
    )
    last = tf.nn.conv2d(tf.nn.relu(normal), second, 1, "SAME")
    return tf.nn.softmax(tf.reduce_mean(last, [1, 2]))


tf.saved_model.save(tf.Module(), str(folder / "fp32"), signatures=answer)
images = dice.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
loader = CalibrationLoader(Samples(images, np.zeros(4, np.int64)), 2)
compressor = Compressor(folder / "fp32", runtime, loader, folder)
compressor.write_model(Recipe(algorithm="minmax", granularity="per_channel"), folder / "int8")
"""


def test_batch_normalization_before_relu_does_not_hold_up_calibration(tmp_path: Path) -> None:
    runtime = "itex" if find_spec(get_runtime("itex").extension) else "stock"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), runtime],
        env={**os.environ, **quantize_switches(runtime)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "int8" / "saved_model.pb").is_file()
