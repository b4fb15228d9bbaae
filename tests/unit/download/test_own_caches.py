"""What the user's own programs have downloaded: taken if it is right, and left as it is."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.common.progress import Progress
from stages.download import run
from stages.errors import DiskFullError, DownloadError
from stages.folder import own_caches
from stages.folder.cache import MODULE, Cache
from stages.settings import Settings
from tests.unit.download.servers import serving, whole
from tests.unit.download.test_main import WEIGHTS, carry_out, files, hub, program, with_weights
from tests.unit.files.test_module_archive import PARTS

HANDLE = "http://hub.invalid/g/m/1"
IMAGENET = Settings(backbone="imagenet")


def kept_module(home: Path, handle: str = HANDLE) -> Path:
    """Make a module as TensorFlow Hub keeps it."""
    folder = home / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    for name, content in PARTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def module_in(artifacts: Path, handle: str) -> dict[str, bytes]:
    folder = Cache(Artifacts(artifacts).cache).module(handle) / MODULE
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user's KERAS_HOME names."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


def kept_weights(home: Path, content: bytes) -> Path:
    path = home / "models" / Cache(home).weights.name
    path.write_bytes(content)
    return path


def test_weights_are_taken_without_a_network_and_left_where_they_are(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_weights("http://hub.invalid/", monkeypatch)
    kept, cache = kept_weights(home, WEIGHTS), Cache(tmp_path / "cache")
    before = kept.stat()
    assert carry_out(IMAGENET, cache) == [f"weights (from {kept})"]
    assert cache.weights.read_bytes() == kept.read_bytes() == WEIGHTS
    assert (before.st_mtime_ns, before.st_ino) == (kept.stat().st_mtime_ns, kept.stat().st_ino)
    assert files(home) == {kept}
    # What happens to that file is no matter of ours any more.
    kept.write_bytes(b"changed")
    assert carry_out(IMAGENET, cache) == []


@pytest.mark.parametrize("content", [b"", b"cut", b"<html>login"])
def test_weights_that_are_others_are_named_and_downloaded(
    content: bytes,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept, cache = kept_weights(home, content), Cache(tmp_path / "cache")
    with serving(lambda request, send, count: send(whole(WEIGHTS))) as server:
        with_weights(server.url, monkeypatch)
        assert carry_out(IMAGENET, cache) == ["weights"]
    assert f"{kept} is not weights: " in capsys.readouterr().out
    assert (cache.weights.read_bytes(), kept.read_bytes()) == (WEIGHTS, content)


def test_what_changes_while_it_is_copied_is_not_taken(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_weights("http://hub.invalid/", monkeypatch)
    kept, cache = kept_weights(home, WEIGHTS), Cache(tmp_path / "cache")
    ((_, step),) = run.steps(IMAGENET, cache)
    kept.write_bytes(b"changed")
    with pytest.raises(DownloadError, match="another version, or changed on the way"):
        step(Progress("download"))
    assert not files(cache.root)


def test_a_module_is_taken_without_a_network(tmp_path: Path) -> None:
    kept = kept_module(tmp_path / "home")
    variables = {"VGG19_BACKBONE": HANDLE, "TFHUB_CACHE_DIR": str(kept.parent)}
    code, output = program(tmp_path / "artifacts", variables)
    assert code == 0, output
    assert f"download: the backbone {HANDLE} (from {kept.parent})" in output
    assert module_in(tmp_path / "artifacts", HANDLE) == PARTS
    del variables["TFHUB_CACHE_DIR"]
    assert program(tmp_path / "artifacts", variables) == (0, "download: all was there\n")


def test_a_full_disk_is_that_of_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # without a name

    monkeypatch.setattr(shutil, "copyfileobj", full)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(kept_module(tmp_path / "home").parent))
    with pytest.raises(DiskFullError, match=f"no space left at {tmp_path}/cache"):
        carry_out(Settings(backbone=HANDLE), Cache(tmp_path / "cache"))
    assert not files(tmp_path / "cache")


def test_a_module_of_other_secrets_is_not_taken(tmp_path: Path) -> None:
    with serving(hub) as server:
        handle = f"http://{{}}@127.0.0.1:{server.port}/m"
        kept = kept_module(tmp_path / "home", handle.format("me:secret"))
        for name, requests in (("me:secret", 0), ("me:other", 1)):
            variables = {
                "VGG19_BACKBONE": handle.format(name),
                "TFHUB_CACHE_DIR": str(kept.parent),
            }
            code, output = program(tmp_path / "artifacts", variables)
            assert (code, len(server.requests)) == (0, requests), output
            # Nor a digest of it, against which passwords could be tried.
            assert ("me:secret" in output, kept.name in output) == (False, False)


def no_graph(folder: Path) -> None:
    (folder / "saved_model.pb").unlink()


def a_link(folder: Path) -> None:
    (folder / "passwords").symlink_to("/etc/passwd")


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def linked(folder: Path) -> None:
    folder.rename(folder.with_suffix(".elsewhere"))
    folder.symlink_to(folder.with_suffix(".elsewhere"))


def a_file(folder: Path) -> None:
    folder.rename(folder.with_suffix(".old"))
    folder.write_text("")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (no_graph, "is not whole, or can't be read"),
        (a_link, "is not whole, or can't be read"),
        (a_pipe, "is not whole, or can't be read"),
        (a_file, "is not whole, or can't be read"),
        (linked, "is a link"),
    ],
)
def test_what_is_no_whole_module_is_named_and_downloaded(
    damage: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    with serving(hub) as server:
        handle = f"{server.url}/m"
        kept = kept_module(tmp_path / "home", handle)
        damage(kept)
        variables = {"VGG19_BACKBONE": handle, "TFHUB_CACHE_DIR": str(kept.parent)}
        code, output = program(tmp_path / "artifacts", variables)
        assert (code, len(server.requests)) == (0, 1), output
    assert f"the backbone {handle} in {kept.parent} {why}; not taken" in output
    assert module_in(tmp_path / "artifacts", handle) == PARTS


@pytest.mark.parametrize("folder", ["/nonexistent", "gs://bucket/modules", "", "/dev/null"])
def test_a_folder_that_is_not_there_is_no_hindrance(folder: str, tmp_path: Path) -> None:
    with serving(hub) as server:
        variables = dict.fromkeys(own_caches.VARIABLES, folder)
        code, output = program(tmp_path, {**variables, "VGG19_BACKBONE": f"{server.url}/m"})
        assert (code, len(server.requests)) == (0, 1), output


def test_a_hub_that_has_another_module_than_before_is_noticed(tmp_path: Path) -> None:
    """If the one that was there is damaged, and so is asked for again."""
    kept = kept_module(tmp_path / "home")
    variables = {"VGG19_BACKBONE": HANDLE, "TFHUB_CACHE_DIR": str(kept.parent)}
    program(tmp_path / "artifacts", variables)
    module = Cache(Artifacts(tmp_path / "artifacts").cache).module(HANDLE) / MODULE
    said = []
    for content in (PARTS["saved_model.pb"], b"another"):
        (module / "saved_model.pb").write_bytes(b"damaged")
        (kept / "saved_model.pb").write_bytes(content)
        code, output = program(tmp_path / "artifacts", variables)
        assert code == 0, output
        said.append("this is another module than the one that was there before" in output)
    assert said == [False, True]


def test_relative_folders_are_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    environ = {
        "KERAS_HOME": "keras",
        "TFHUB_CACHE_DIR": "~/hub",
        "TFDS_DATA_DIR": "/data",
        "A": "b",
    }
    assert own_caches.as_seen_from(tmp_path, environ) == {
        "KERAS_HOME": f"{tmp_path}/keras",
        "TFHUB_CACHE_DIR": "/home/me/hub",
        "TFDS_DATA_DIR": "/data",
    }
