"""What it takes to read a folder of pictures: time, and memory at its peak, beside ImageFolder.

`python -m tests.benchmarks.pictures FOLDER [--pictures N] [--taken N]`, with the Python of train.
FOLDER is made if it is not there: N pictures of 500x500 in 10 classes, of some 12 KB each. Each way
to read it is a process of its own, whose peak is what the kernel says of it.

- planned: what is in the folder, and which are taken; what `invoke` does before train.
- train: all that train does up to its four sets, by `--taken`: training images, an eighth as many
  each for validation and test; 0 is the usual numbers.
- ImageFolder: as many by tensorflow-datasets alone, resized and stacked as it is usually done.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stages.common.text import aligned
from stages.pictures.given import plan_of
from stages.samples import IMAGE_SHAPE
from stages.settings import Settings

SIZE, CLASSES, MIB = 500, 10, 2**20
WAYS = ("planned", "train", "ImageFolder")
HEAD = ("read by", "pictures", "seconds", "images/s", "peak MiB")


def main() -> None:
    """Make the folder if need be, and print a row for each way to read it."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.pictures")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--taken", type=int, default=0)
    parser.add_argument("--way", choices=WAYS)
    asked = parser.parse_args()
    if asked.way:
        print(*_measured(asked.way, asked.folder, asked.taken))
        return
    if not asked.folder.exists():
        _make(asked.folder, asked.pictures)
    own = [sys.executable, "-m", "tests.benchmarks.pictures", str(asked.folder)]
    rows = [HEAD]
    for way in WAYS:
        command = [*own, "--taken", str(asked.taken), "--way", way]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        count, seconds, peak = map(float, done.stdout.splitlines()[-1].split())
        rate = f"{count / seconds:.0f}"
        rows.append((way, f"{count:.0f}", f"{seconds:.1f}", rate, f"{peak:.0f}"))
    print(aligned(rows))


def _measured(way: str, folder: Path, taken: int) -> tuple[int, float, float]:
    """Return how many pictures one way reads, in how many seconds, and its peak in MiB."""
    part = taken // 8
    settings = Settings(
        data=str(folder.absolute()),
        train_samples=taken,
        validation_samples=part,
        test_samples=part,
    )
    began = time.monotonic()
    if way == "planned":
        _, plan = plan_of(settings.data, settings.samples(), settings.seed)
        count = sum(plan.found.values())
    else:
        count = _read(settings) if way == "train" else _read_plainly(settings)
    seconds = time.monotonic() - began
    return count, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def _read(settings: Settings) -> int:
    from stages.train.data import load_splits

    splits = load_splits(settings, Path(settings.data, ".cache"), lambda *_: None)
    return sum(splits.sizes().values())


def _read_plainly(settings: Settings) -> int:
    import numpy as np
    import tensorflow as tf
    import tensorflow_datasets as tfds

    _, plan = plan_of(settings.data, settings.samples(), settings.seed)
    dataset = tfds.ImageFolder(settings.data).as_dataset("train").take(sum(plan.sizes().values()))
    resized = dataset.map(
        lambda it: tf.cast(tf.image.resize(it["image"], IMAGE_SHAPE[:2], antialias=True), tf.uint8)
    )
    return len(np.stack(list(tfds.as_numpy(resized))))


def _make(folder: Path, count: int) -> None:
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        list(threads.map(lambda number: _draw(folder, number), range(count)))


def _draw(folder: Path, number: int) -> None:
    """Write a picture of soft spots, which no other number gives."""
    import numpy as np
    from PIL import Image

    path = folder / "train" / f"class{number % CLASSES}" / f"{number}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    spots = np.random.default_rng(number).integers(0, 256, (25, 25, 3), np.uint8)
    Image.fromarray(spots).resize((SIZE, SIZE)).save(path, "JPEG")


if __name__ == "__main__":
    main()
