"""The data set beans, from each place where its files can be had; with replicas on loopback."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stages.download import beans as beans_module
from stages.errors import DownloadError
from stages.folder.cache import Cache
from stages.settings import Settings
from tests.unit.download.servers import Answer, Server, head, of_status, serving, whole
from tests.unit.download.test_main import carry_out

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image

NAMES = ("test.zip", "train.zip", "validation.zip")
CONTENTS = {name: b"PK" + name.encode() * 10 for name in NAMES}
PAGE = b"<!DOCTYPE html><title>Hotel</title>"
BEANS = Settings(data="beans")


def well(request: str, send: Any, count: int) -> None:
    send(whole(CONTENTS[request.split()[1].rpartition("/")[2]]))


@dataclass
class Hubs:
    """Two servers with the files, each of which can be made to answer otherwise.

    `infos` are as tensorflow-datasets has them of the files at its own address.
    """

    answers: dict[str, Answer] = field(default_factory=lambda: {"tfds": well, "makers": well})
    servers: dict[str, Server] = field(default_factory=dict)
    infos: dict[str, Any] = field(default_factory=dict)

    def asked(self) -> dict[str, int]:
        return {name: len(server.requests) for name, server in self.servers.items()}

    def answer_of(self, name: str) -> Answer:
        return lambda request, send, count: self.answers[name](request, send, count)


@pytest.fixture
def hubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hubs]:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.checksums import UrlInfo

    here = Hubs()
    with serving(here.answer_of("tfds")) as own, serving(here.answer_of("makers")) as makers:
        here.servers = {"tfds": own, "makers": makers}
        here.infos = {
            f"{own.url}/{name}": UrlInfo(len(content), hashlib.sha256(content).hexdigest(), name)
            for name, content in CONTENTS.items()
        }
        builder = type("Builder", (), {"url_infos": here.infos})
        monkeypatch.setattr(tfds, "builder_cls", lambda name: builder)
        monkeypatch.setattr(beans_module, "MAKERS", f"{makers.url}/data/")
        yield here


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def put(cache: Cache, **contents: bytes) -> None:
    cache.manual.mkdir(parents=True)
    for name, content in contents.items():
        (cache.manual / f"{name}.zip").write_bytes(content)


def all_files() -> dict[str, bytes]:
    return {name.removesuffix(".zip"): content for name, content in CONTENTS.items()}


def found_by_tfds(cache: Cache, hubs: Hubs) -> dict[str, bytes]:
    """Return what tensorflow-datasets takes for the files, when no server is there any more."""
    from tensorflow_datasets.core.download import DownloadManager

    for server in hubs.servers.values():
        server.close()
    manager = DownloadManager(
        download_dir=cache.data_downloads,
        manual_dir=cache.manual,
        url_infos=hubs.infos,
        dataset_name="beans",
    )
    taken = zip(hubs.infos.values(), manager.download(list(hubs.infos)), strict=True)
    return {info.filename: Path(path).read_bytes() for info, path in taken}


def failure(cache: Cache) -> str:
    """Return the message of a download that fails, which always names the folder for files."""
    with pytest.raises(DownloadError) as caught:
        carry_out(BEANS, cache)
    message = str(caught.value)
    assert f"put test.zip, train.zip and validation.zip into {cache.manual}" in message
    assert "\n" not in message
    return message


def test_they_are_where_tensorflow_datasets_looks(cache: Cache, hubs: Hubs) -> None:
    assert len(carry_out(BEANS, cache)) == 3
    assert carry_out(BEANS, cache) == []
    assert hubs.asked() == {"tfds": 3, "makers": 0}
    assert found_by_tfds(cache, hubs) == CONTENTS


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found"])
def test_the_makers_are_asked_if_the_first_address_refuses(
    status: str, cache: Cache, hubs: Hubs, capsys: pytest.CaptureFixture[str]
) -> None:
    hubs.answers["tfds"] = of_status(status)
    carry_out(BEANS, cache)
    assert hubs.asked() == {"tfds": 3, "makers": 3}
    assert hubs.servers["makers"].requests[0].startswith("GET /data/test.zip ")
    shown = capsys.readouterr().out
    assert f"({status[:3]}); asking {hubs.servers['makers'].url}/data/test.zip instead" in shown
    assert found_by_tfds(cache, hubs) == CONTENTS


def test_another_file_at_the_first_address_is_not_taken(cache: Cache, hubs: Hubs) -> None:
    hubs.answers["tfds"] = lambda request, send, count: send(whole(b"PK" + b"x" * 60))
    carry_out(BEANS, cache)
    assert found_by_tfds(cache, hubs) == CONTENTS


def test_if_no_address_has_them_the_causes_of_all_are_said(cache: Cache, hubs: Hubs) -> None:
    hubs.answers["tfds"] = of_status("403 Forbidden")
    hubs.answers["makers"] = of_status("404 Not Found")
    message = failure(cache)
    own, makers = (server.url for server in hubs.servers.values())
    assert f"from {own}/test.zip: " in message
    assert "refuses it (403): get the file by other means" in message
    assert [path for path in cache.data_downloads.rglob("*") if path.is_file()] == []
    assert f"from {makers}/data/test.zip: " in message
    assert "has no such file (404): check the address; put " in message
    assert not list(cache.root.rglob("*.zip"))


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (PAGE, "a login page of your network?"),
        (CONTENTS["test.zip"][:-1], "it was cut"),
        (CONTENTS["test.zip"] + b"more", "another version"),
        (CONTENTS["test.zip"][::-1], "another version, or changed on the way"),
        (b"", "it was cut"),
    ],
)
def test_what_came_instead_is_named(content: bytes, cause: str, cache: Cache, hubs: Hubs) -> None:
    # With and without a length that says it beforehand.
    hubs.answers["tfds"] = lambda request, send, count: send(whole(content))
    hubs.answers["makers"] = lambda request, send, count: send(head() + content)
    assert failure(cache).count(cause) == 2


def test_files_that_were_put_there_need_no_network(cache: Cache, hubs: Hubs) -> None:
    put(cache, **all_files())
    assert carry_out(BEANS, cache) == []
    assert hubs.asked() == {"tfds": 0, "makers": 0}
    assert found_by_tfds(cache, hubs) == CONTENTS


def test_what_was_not_put_there_is_fetched(cache: Cache, hubs: Hubs) -> None:
    put(cache, train=CONTENTS["train.zip"])
    assert carry_out(BEANS, cache) == [f"{name} of the data set beans" for name in NAMES[::2]]
    assert found_by_tfds(cache, hubs) == CONTENTS


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (PAGE, "a login page of your network?"),
        (CONTENTS["test.zip"][:-1], "it was cut"),
        (CONTENTS["test.zip"] + b"more", "another version"),
        (CONTENTS["test.zip"][::-1], "another version, or changed on the way"),
    ],
)
def test_another_file_that_was_put_there_is_named_before_anything_is_asked(
    content: bytes, cause: str, cache: Cache, hubs: Hubs
) -> None:
    put(cache, **{**all_files(), "test": content})
    message = failure(cache)
    assert message.startswith(f"{cache.manual}/test.zip is not test.zip of the data set beans: ")
    assert cause in message
    assert hubs.asked() == {"tfds": 0, "makers": 0}


def test_a_folder_of_that_name_is_named(cache: Cache, hubs: Hubs) -> None:
    (cache.manual / "test.zip").mkdir(parents=True)
    assert "test.zip is no file" in failure(cache)


@pytest.mark.parametrize("name", ["test.zip", ""])
def test_a_link_that_leads_nowhere_is_named(name: str, cache: Cache, hubs: Hubs) -> None:
    cache.manual.parent.mkdir(parents=True)
    if name:
        cache.manual.mkdir()
    (cache.manual / name).symlink_to("gone")
    assert f"{cache.manual / name} is a link that leads nowhere; remove it" in failure(cache)
    assert hubs.asked() == {"tfds": 0, "makers": 0}


def kept_as(place: str, url: str, name: str) -> str:
    from tensorflow_datasets.core.download.resource import get_dl_fname

    digest = hashlib.sha256(CONTENTS[name]).hexdigest()
    return place.format(name=name, kept=get_dl_fname(url, digest))


@pytest.mark.parametrize("place", ["manual/{name}", "beans/{kept}", "{kept}"])
def test_files_of_the_users_own_data_sets_are_taken(
    place: str, cache: Cache, hubs: Hubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "tensorflow_datasets"
    monkeypatch.setenv("TFDS_DATA_DIR", str(home))
    for url, info in hubs.infos.items():
        path = home / "downloads" / kept_as(place, url, info.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[info.filename])
    path.write_bytes(b"cut")
    assert [" (from " in name for name in carry_out(BEANS, cache)].count(True) == 2
    assert hubs.asked() == {"tfds": 1, "makers": 0}
    assert path.read_bytes() == b"cut"
    assert found_by_tfds(cache, hubs) == CONTENTS


def test_a_damaged_file_is_fetched_again(
    cache: Cache, hubs: Hubs, capsys: pytest.CaptureFixture[str]
) -> None:
    carry_out(BEANS, cache)
    next(cache.data_downloads.rglob("*.zip")).write_bytes(b"damaged")
    assert len(carry_out(BEANS, cache)) == 1
    assert "is damaged" in capsys.readouterr().out


def test_they_are_known_by_the_checksums_of_tensorflow_datasets() -> None:
    import tensorflow_datasets as tfds

    infos = tfds.builder_cls("beans").url_infos
    assert {info.filename for info in infos.values()} == {*NAMES}
    assert all(len(info.checksum) == 64 and info.size for info in infos.values())
