"""What the embedded data set promises through tensorflow-datasets; with the real library."""

import hashlib
import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import InputCorruptError, InputMissingError
from stages.folder.cache import Cache
from stages.settings import Settings
from stages.train.splits import Splits

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image

SIZES: dict[str, Any] = {"train_samples": 18, "validation_samples": 6, "test_samples": 9}
SETS = ("train", "calibration", "validation", "test")


def load(cache: Path, seed: int = 0, shown: Any = None) -> Any:
    from stages.train.data import load_splits

    settings = Settings(seed=seed, calibration_samples=7, **SIZES)
    shown = [] if shown is None else shown
    return load_splits(settings, cache, lambda done, total: shown.append((done, total)))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def splits(cache: Path) -> Any:
    return load(cache)


def test_sizes_are_those_asked_for(splits: Splits) -> None:
    assert splits.sizes() == {"train": 11, "calibration": 7, "validation": 6, "test": 9}


def test_no_image_is_in_two_sets(splits: Splits) -> None:
    images = [image for name in SETS for image in getattr(splits, name).images]
    assert len({hashlib.sha256(image.tobytes()).digest() for image in images}) == 33


def test_classes_are_in_the_order_of_beans_and_in_every_set(splits: Splits) -> None:
    assert splits.classes == ("angular_leaf_spot", "bean_rust", "healthy")
    assert all(set(getattr(splits, name).labels) == {0, 1, 2} for name in SETS)


def test_images_are_those_drawn_bit_for_bit(splits: Splits) -> None:
    from stages.train.leaves import draw_leaf

    drawn = draw_leaf(1, np.random.default_rng([0, 2, 4]))
    assert (splits.test.images[4] == drawn).all()


def test_second_load_draws_nothing_and_gives_the_same_images(splits: Splits, cache: Path) -> None:
    shown: list[tuple[int, int]] = []
    again = load(cache, shown=shown)
    assert shown == []
    assert again.source == splits.source


def test_another_seed_gives_other_images(splits: Splits, cache: Path) -> None:
    assert load(cache, seed=1).source.sha256 != splits.source.sha256


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


DAMAGES = [
    (flip, "*test.tfrecord*"),
    (cut, "*test.tfrecord*"),
    (cut, "dataset_info.json"),
    (cut, "features.json"),
    (Path.unlink, "dataset_info.json"),
    (Path.unlink, "features.json"),
    (Path.unlink, "label.labels.txt"),
    (Path.unlink, "*train.tfrecord*"),
    (Path.unlink, "SHA256SUMS"),
]


@pytest.mark.parametrize(("damage", "name"), DAMAGES)
def test_a_damaged_set_is_drawn_again(
    damage: Any,
    name: str,
    splits: Splits,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (drawn,) = (cache / "data" / "bean_leaves").glob("seed0-*")
    damage(next(shutil.copytree(drawn, tmp_path / drawn.relative_to(cache)).rglob(name)))
    shown: list[tuple[int, int]] = []
    assert load(tmp_path, shown=shown).source == splits.source
    assert shown[-1] == (33, 33)
    assert capsys.readouterr().out.count("is damaged; making it again") == 1
    shown.clear()
    load(tmp_path, shown=shown)
    assert shown == []


def test_only_the_set_itself_is_kept(splits: Splits, cache: Path) -> None:
    kept = {path.name for path in (cache / "data").rglob("*") if path.is_dir()}
    configs = {path.name for path in (cache / "data" / "bean_leaves").iterdir()}
    assert kept == {"bean_leaves", "1.0.0", *configs}


def test_the_images_are_those_of_earlier_versions(splits: Splits) -> None:
    assert splits.source.sha256 == (
        "070166d2cb928e128f506076a9a251b1a0f3e012b7ed2af8d512aad33fddca83"
    )


def load_beans(cache: Path) -> Any:
    from stages.train.data import load_splits

    return load_splits(Settings(data="beans", calibration_samples=2), cache, lambda *_: None)


def test_beans_that_were_not_downloaded_are_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="run download first"):
        load_beans(tmp_path)


@pytest.fixture
def beans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with files of beans that were put there, with three leaves of each class each."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.checksums import compute_url_info

    manual = Cache(tmp_path).data_downloads / "manual"
    manual.mkdir(parents=True)
    infos = {}
    for number, url in enumerate(tfds.builder_cls("beans").url_infos):
        path = manual / url.rpartition("/")[2]
        write_leaves(path, number)
        infos[url] = compute_url_info(path)
    monkeypatch.setattr(tfds.builder_cls("beans"), "url_infos", infos)
    return tmp_path


def write_leaves(path: Path, number: int) -> None:
    from PIL import Image

    from stages.train.leaves import CLASS_NAMES

    generator = np.random.default_rng(number)
    with zipfile.ZipFile(path, "w") as archive:
        for name in CLASS_NAMES:
            for count in range(3):
                content = io.BytesIO()
                pixels = generator.integers(0, 256, (500, 500, 3), np.uint8)
                Image.fromarray(pixels).save(content, "JPEG")
                archive.writestr(f"{path.stem}/{name}/{count}.jpg", content.getvalue())


def test_beans_are_prepared_from_what_is_there_and_only_once(
    beans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_beans(beans)
    assert first.sizes() == {"train": 7, "calibration": 2, "validation": 9, "test": 9}
    for path in Cache(beans).data_downloads.rglob("*.zip"):
        path.unlink()
    assert load_beans(beans).source == first.source


@pytest.mark.parametrize(("damage", "name"), DAMAGES)
def test_damaged_beans_are_prepared_again(
    damage: Any, name: str, beans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = load_beans(beans)
    damage(next(Cache(beans).beans.rglob(name)))
    assert load_beans(beans).source == first.source
    assert "is damaged" in capsys.readouterr().out


def test_a_file_of_beans_that_is_another_is_named(beans: Path) -> None:
    (Cache(beans).data_downloads / "manual" / "test.zip").write_bytes(b"another")
    with pytest.raises(InputCorruptError, match="run download again"):
        load_beans(beans)


def test_a_file_of_beans_that_is_no_zip_is_named(beans: Path) -> None:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.checksums import compute_url_info

    path = Cache(beans).data_downloads / "manual" / "test.zip"
    path.write_bytes(b"no zip")
    infos = tfds.builder_cls("beans").url_infos
    infos.update({url: compute_url_info(path) for url in infos if url.endswith("test.zip")})
    with pytest.raises(InputCorruptError, match="run download again"):
        load_beans(beans)
