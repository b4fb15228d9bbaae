"""The program itself, beside hubs on loopback: what it fetches, when, and what it leaves."""

import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts
from stages.common.progress import Progress
from stages.download import run
from stages.download.content import has_content
from stages.download.limits import Wanted
from stages.download.module import archive_of
from stages.errors import DownloadError, ModelError
from stages.folder.cache import MODULE, Cache, is_intact, noted_backbone
from stages.folder.usable import LOCK, MARKER
from stages.settings import Settings, needs_download
from tests.unit.download.servers import of_status, serving, whole
from tests.unit.files.test_module_archive import PARTS, packed

ROOT = Path(__file__).parents[3]
ARCHIVE = gzip.compress(packed())


def program(artifacts: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """Run the program; return its exit code and what it printed."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(
        [sys.executable, "-m", "stages.download"],
        cwd=ROOT,
        env={**environment, "VGG19_ARTIFACTS": str(artifacts), **variables},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def hub(request: str, send: Any, count: int) -> None:
    send(whole(ARCHIVE, Content_Type="application/x-tar"))


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, False),
        ({"backbone": "/a/path"}, False),
        ({"backbone": "file:///a/path"}, False),
        ({"backbone": "imagenet"}, True),
        ({"backbone": "https://h/m"}, True),
        ({"data": "beans"}, True),
    ],
)
def test_what_needs_a_network(settings: dict[str, Any], needs: bool) -> None:
    assert needs_download(Settings(**settings)) == needs


@pytest.mark.parametrize(
    ("handle", "noted"),
    [
        ("", "embedded"),
        ("/a/path", "/a/path"),
        ("file:///a/b?c=d", "file:///a/b?***"),
    ],
)
def test_what_needs_no_network_is_noted_for_train(handle: str, noted: str, tmp_path: Path) -> None:
    code, output = program(tmp_path, {"VGG19_BACKBONE": handle} if handle else {})
    assert (code, output) == (0, "download: nothing is needed from a network\n")
    cache = Cache(Artifacts(tmp_path).cache)
    assert noted_backbone(cache) == noted
    # Whoever asks for what was noted leaves it noted.
    assert program(tmp_path, {"VGG19_BACKBONE": "downloaded"})[0] == 0
    assert noted_backbone(cache) == noted


def test_a_module_is_fetched_once_as_tensorflow_hub_asks_for_it(tmp_path: Path) -> None:
    with serving(hub) as server:
        handle = f"{server.url}/vgg19/1"
        code, output = program(tmp_path, {"VGG19_BACKBONE": handle})
        assert code == 0, output
        assert server.requests[0].startswith("GET /vgg19/1?tf-hub-format=compressed ")
    folder = Cache(Artifacts(tmp_path).cache).module(handle)
    assert {name: (folder / MODULE / name).read_bytes() for name in PARTS} == PARTS
    # The server is gone.
    code, output = program(tmp_path, {"VGG19_BACKBONE": handle})
    assert (code, output.splitlines()[-1]) == (0, "download: all was there")


def test_a_module_is_kept_for_a_handle_without_its_secrets(tmp_path: Path) -> None:
    with serving(hub) as server:
        place = f"127.0.0.1:{server.port}"
        code, output = program(tmp_path, {"VGG19_BACKBONE": f"http://me:secret@{place}/m?key=hid"})
        assert code == 0, output
    cache, shown = Cache(Artifacts(tmp_path).cache), f"http://***@{place}/m?***"
    assert noted_backbone(cache) == shown
    assert is_intact(cache.module(shown), [f"{MODULE}/saved_model.pb"])
    # The server is gone.
    code, output = program(tmp_path, {"VGG19_BACKBONE": shown})
    assert (code, output) == (0, "download: all was there\n")
    kept = [path.read_bytes() for path in files(tmp_path)]
    assert not [content for content in kept if b"secret" in content or b"hid" in content]


@pytest.mark.parametrize(
    "other", ["me:changed@{}/m?key=v1", "me:secret@{}/m?key=v2", "you@{}/m?key=v1"]
)
def test_other_secrets_fetch_again(other: str, tmp_path: Path) -> None:
    with serving(hub) as server:
        place = f"127.0.0.1:{server.port}"
        for handle, requests in (("me:secret@{}/m?key=v1", 1), (other, 2), (other, 2)):
            variables = {"VGG19_BACKBONE": f"http://{handle.format(place)}"}
            code, output = program(tmp_path, variables)
            assert code == 0, output
            assert len(server.requests) == requests
            assert ("came by another name, password or query" in output) == (
                handle == other and "all was there" not in output
            )
            assert "secret" not in output


def test_a_damaged_module_is_fetched_again(tmp_path: Path) -> None:
    with serving(hub) as server:
        handle = f"{server.url}/vgg19/1"
        variables = {"VGG19_BACKBONE": handle}
        program(tmp_path, variables)
        file = Cache(Artifacts(tmp_path).cache).module(handle) / MODULE / "saved_model.pb"
        file.write_bytes(b"damaged")
        code, output = program(tmp_path, variables)
        assert code == 0, output
        assert "is damaged" in output
        assert len(server.requests) == 2
    assert file.read_bytes() == PARTS["saved_model.pb"]


@pytest.mark.parametrize(
    ("answer", "kind", "cause"),
    [
        (of_status("404 Not Found"), DownloadError, "has no such file (404)"),
        (lambda request, send, count: send(whole(b"no tar")), ModelError, "is no tar archive"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing(
    answer: Any, kind: Any, cause: str, tmp_path: Path
) -> None:
    with serving(answer) as server:
        place = f"127.0.0.1:{server.port}"
        code, output = program(
            tmp_path, {"VGG19_BACKBONE": f"http://me:secret@{place}/m?key=hidden"}
        )
    assert code == kind.exit_code
    (line,) = [line for line in output.splitlines() if ": error: " in line]
    assert cause in line
    assert "Traceback" not in output
    assert "secret" not in output
    assert "hidden" not in output
    assert files(tmp_path) == {tmp_path / MARKER, tmp_path / LOCK}


def test_variables_set_to_nothing_hide_no_others(tmp_path: Path) -> None:
    with serving(hub) as proxy:
        variables = {
            "HTTP_PROXY": proxy.url,
            "http_proxy": "",
            "VGG19_BACKBONE": "http://h.invalid/m",
        }
        code, output = program(tmp_path, variables)
        assert code == 0, output
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("handle", "url"),
    [
        ("https://tfhub.dev/g/m/1", "https://tfhub.dev/g/m/1?tf-hub-format=compressed"),
        ("https://h/m.tar.gz?a=b", "https://h/m.tar.gz?a=b&tf-hub-format=compressed"),
        (
            "https://hub.tensorflow.google.cn/g/m/1",
            "https://gcs.tensorflow.google.cn/tfhub-modules/g/m/1.tar.gz",
        ),
    ],
)
def test_a_handles_archive_is_where_tensorflow_hub_has_it(handle: str, url: str) -> None:
    assert archive_of(handle) == url


# The weights.

WEIGHTS = b"weights"


def with_weights(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.md5(WEIGHTS, usedforsecurity=False).hexdigest()
    wanted = Wanted(
        url=url, what="weights", setting="backbone", max_bytes=100, algorithm="md5", digest=digest
    )
    monkeypatch.setattr(run, "WEIGHTS", wanted)


def carry_out(settings: Settings, cache: Cache) -> list[str]:
    wanted = list(run.steps(settings, cache))
    for _, step in wanted:
        step(Progress("download"))
    return [name for name, _ in wanted]


def test_weights_are_fetched_checked_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, settings = Cache(tmp_path), Settings(backbone="imagenet")
    with serving(lambda request, send, count: send(whole(WEIGHTS))) as server:
        with_weights(server.url, monkeypatch)
        assert carry_out(settings, cache) == ["weights"]
        assert carry_out(settings, cache) == []
        cache.weights.write_bytes(b"damaged")
        assert carry_out(settings, cache) == ["weights"]
    assert cache.weights.read_bytes() == WEIGHTS


@pytest.mark.image
def test_the_weights_are_those_that_keras_downloads() -> None:
    import inspect

    vgg19 = pytest.importorskip("tf_keras.src.applications.vgg19")
    assert run.WEIGHTS.url == vgg19.WEIGHTS_PATH_NO_TOP
    assert f'file_hash="{run.WEIGHTS.digest}"' in inspect.getsource(vgg19.VGG19)


def test_a_file_without_a_known_checksum_is_never_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    wanted = Wanted(url="http://h/", what="file", setting="data", max_bytes=1)
    assert not has_content(wanted, tmp_path / "file")
