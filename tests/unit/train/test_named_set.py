"""A set by its name in tensorflow-datasets: fetched and prepared by download, read by train."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.common.progress import Progress
from stages.errors import DataError, DownloadError, InputMissingError, SettingsError
from stages.folder.cache import Cache
from stages.settings import Settings
from tests.unit.download.servers import of_status, serving, whole

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The set tiny_flowers, whose zip a server on loopback has."""
    from tests.unit.train.named_sets import TinyFlowers
    from tests.unit.train.photographs import photographs

    photographs(tmp_path / "zip", 20)
    archive = Path(shutil.make_archive(str(tmp_path / "flowers"), "zip", tmp_path / "zip"))
    content = archive.read_bytes()
    with serving(lambda request, send, count: send(whole(content))) as server:
        monkeypatch.setattr(TinyFlowers, "url", f"{server.url}/flowers.zip")
        yield TinyFlowers


def download(name: str, root: Path) -> list[str]:
    from stages.download import data_set

    done = []
    for what, step in data_set.steps(name, Cache(root), ""):
        with Progress("download", [what]) as progress:
            progress.step(what)
            step(progress)
        done.append(what)
    return done


def load(name: str, root: Path, said: list[str] | None = None, **given: Any) -> Any:
    from stages.train.data import load_splits

    say = (said if said is not None else []).append
    settings = Settings(**{"data": name, "calibration_samples": 2, **given})
    return load_splits(settings, root, lambda *_: None, (32, 32, 3), say)


def test_it_is_fetched_once_and_read_without_a_network(served: Any, tmp_path: Path) -> None:
    root, said = tmp_path / "cache", list[str]()
    assert download("tiny_flowers", root) == ["the data set tiny_flowers/1.2.3"]
    assert download("tiny_flowers:1.2.3", root) == []
    splits = load("tiny_flowers", root, said)
    assert splits.sizes() == {"train": 26, "calibration": 2, "validation": 6, "test": 6}
    assert splits.classes == ("roses", "tulips")
    assert splits.source.name == "tiny_flowers"
    assert splits.source.origin == "tfds tiny_flowers/1.2.3"
    assert said[0] == "1 of 3 classes have no image, and are left out"
    assert not [*Cache(root).data_downloads.glob("tiny_flowers")]


def test_its_images_are_those_of_the_same_pictures_in_a_folder(served: Any, tmp_path: Path) -> None:
    download("tiny_flowers", tmp_path / "cache")
    named = load("tiny_flowers", tmp_path / "cache")
    own = load(str(tmp_path / "zip"), tmp_path / "cache")

    def images(splits: Any) -> set[tuple[bytes, int]]:
        parts = (splits.train, splits.calibration, splits.validation, splits.test)
        return {
            (image.tobytes(), int(label))
            for part in parts
            for image, label in zip(part.images, part.labels, strict=True)
        }

    assert images(named) == images(own)


def test_what_was_not_downloaded_is_not_asked_for(served: Any, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="tiny_flowers is not in the cache; run download"):
        load("tiny_flowers", tmp_path)


def test_a_damaged_set_is_fetched_again(served: Any, tmp_path: Path) -> None:
    download("tiny_flowers", tmp_path)
    (record,) = Cache(tmp_path).data_set("tiny_flowers/1.2.3").rglob("*.tfrecord*")
    record.write_bytes(record.read_bytes()[:-9])
    with pytest.raises(InputMissingError, match="run download first"):
        load("tiny_flowers", tmp_path)
    assert download("tiny_flowers", tmp_path)
    load("tiny_flowers", tmp_path)


def test_a_server_that_has_it_not_is_named_and_nothing_is_left(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(of_status("404 Not Found")) as server:
        monkeypatch.setattr(served, "url", f"{server.url}/flowers.zip")
        with pytest.raises(DownloadError, match=r"flowers.zip of the data set tiny_flowers .*404"):
            download("tiny_flowers", tmp_path)
    assert not Cache(tmp_path).data_set("tiny_flowers/1.2.3").exists()
    assert not [*(Cache(tmp_path).data_downloads / "tiny_flowers").iterdir()]


def test_a_file_that_is_another_than_tfds_knows_is_refused(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_datasets.core.download.checksums import compute_url_info

    (tmp_path / "other").write_bytes(b"another")
    known = compute_url_info(tmp_path / "other")
    monkeypatch.setattr(served, "url_infos", {served.url: known})
    with pytest.raises(DownloadError, match="it has more than 7 bytes: another version"):
        download("tiny_flowers", tmp_path)


def test_what_can_not_be_prepared_is_said(
    tmp_path: Path, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda request, send, count: send(whole(b"no zip"))) as server:
        monkeypatch.setattr(served, "url", f"{server.url}/flowers.zip")
        with pytest.raises(DataError, match="tiny_flowers can't be prepared"):
            download("tiny_flowers", tmp_path)


@pytest.mark.parametrize(
    ("name", "kind", "cause"),
    [
        ("tiny_flower", SettingsError, r"tiny_flower' \(did you mean tiny_flowers\?\): tensor"),
        ("tiny_boxes", DataError, r"no image with one label each \(it has image, objects\)"),
        ("tiny_flowers:9.9.9", SettingsError, "can't be 'tiny_flowers:9.9.9'"),
        ("tiny_flowers/small", SettingsError, "can't be 'tiny_flowers/small'"),
        ("imagenet2012", DownloadError, "imagenet2012 can't be downloaded by a program"),
    ],
)
def test_a_set_that_will_not_do_is_refused_before_anything_is_fetched(
    name: str, kind: type[Exception], cause: str, tmp_path: Path
) -> None:
    from tests.unit.train import named_sets  # noqa: F401 - registers them

    with pytest.raises(kind, match=cause):
        download(name, tmp_path)
