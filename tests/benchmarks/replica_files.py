"""What hubs would serve, made here: the zips of `beans` from drawn leaves, and a module of VGG19.

`python -m tests.benchmarks.replica_files FOLDER`, with the Python of train: the files have the
names, and the zips the numbers and sizes of pictures, of the real ones. `checksums.tsv` is
tensorflow-datasets' own list of them, with these files' sizes and sha256.
"""

import argparse
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from stages.settings import Settings
from stages.train.leaves import CLASS_NAMES, draw_leaf
from tests.benchmarks.replica_names import CHECKSUMS, MODULE, checksums_in

# Pictures of each split of the real set, their height and width, and the seed of these.
PICTURES = {"train": 1034, "validation": 133, "test": 128}
SIZE, SEED, QUALITY = 500, 20, 90


def main() -> None:
    """Make the files."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.replica_files")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True)
    for split in PICTURES:
        _write_zip(folder / f"{split}.zip", split)
    _write_module(folder / MODULE, folder / ".cache")
    _write_checksums(folder)


def _write_zip(path: Path, split: str) -> None:
    with zipfile.ZipFile(path, "w") as archive, ThreadPoolExecutor() as threads:
        for number, content in enumerate(threads.map(_picture, _seeds(split))):
            label = CLASS_NAMES[number % len(CLASS_NAMES)]
            archive.writestr(f"{split}/{label}/{label}_{split}.{number}.jpg", content)


def _seeds(split: str) -> Iterator[tuple[int, int, int]]:
    place = [*PICTURES].index(split)
    return ((SEED, place, number) for number in range(PICTURES[split]))


def _picture(seed: tuple[int, int, int]) -> bytes:
    leaf = draw_leaf(seed[-1] % len(CLASS_NAMES), np.random.default_rng(seed))
    stream = io.BytesIO()
    Image.fromarray(leaf).resize((SIZE, SIZE)).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _write_module(path: Path, cache: Path) -> None:
    """Pack the embedded backbone as a hub packs a module."""
    from stages.train.backbone import load_backbone

    load_backbone(Settings(), cache, lambda *_: None)
    (module,) = (cache / "backbones").glob("embedded-*")
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        tar.add(module, ".")


def _write_checksums(folder: Path) -> None:
    import tensorflow_datasets

    (real,) = checksums_in(Path(tensorflow_datasets.__file__).parent)
    lines = []
    for line in real.read_text().splitlines():
        url, _, _, name = line.split("\t")
        content = (folder / name).read_bytes()
        lines.append(f"{url}\t{len(content)}\t{hashlib.sha256(content).hexdigest()}\t{name}\n")
    (folder / CHECKSUMS).write_text("".join(lines))


if __name__ == "__main__":
    main()
