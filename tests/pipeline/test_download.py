"""A module from a hub on this machine: fetched by download, run by train without a network."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record
from stages.folder.cache import Cache
from stages.records.train import TrainRecord
from tests.commands import invoke
from tests.pipeline.conftest import PipelineRun
from tests.unit.download.servers import serving, whole

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture
def archive(by_invoke: PipelineRun) -> bytes:
    """The embedded backbone, packed as a hub does it."""
    folder = Cache(by_invoke.artifacts.cache).backbone("embedded")
    (module,) = folder.parent.glob("embedded-*")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as tar:
        tar.add(module, ".")
    return stream.getvalue()


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_what_was_downloaded_is_trained_on_without_the_hub(
    runner: str, archive: bytes, by_invoke: PipelineRun, tiny: dict[str, str], tmp_path: Path
) -> None:
    data = Artifacts(tmp_path).cache / "data"
    shutil.copytree(by_invoke.artifacts.cache / "data", data)
    given = ("--runner", runner, "--artifacts", str(tmp_path), "--backbone")
    with serving(lambda request, send, count: send(whole(archive))) as hub:
        handle = f"http://me:secret@127.0.0.1:{hub.port}/vgg19/1"
        first = invoke("train", *given, handle, variables=tiny)
        assert len(hub.requests) == 1
    assert first.code == 0, first
    assert "train: download took" in first.output
    record = read_record(Artifacts(tmp_path).train.record, TrainRecord)
    assert (record.backbone.name, record.conv_layers) == (handle.replace("me:secret", "***"), 16)
    second = invoke("train", "--force", "train", *given, handle, variables=tiny)
    assert second.code == 0, second
    assert "download: all was there" in second.output
    assert "secret" not in first.output + second.output
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"me:secret" in path.read_bytes()]


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_a_hub_that_is_not_there_is_one_line(
    runner: str, tiny: dict[str, str], tmp_path: Path
) -> None:
    given = ("--runner", runner, "--artifacts", str(tmp_path))
    done = invoke("train", *given, "--backbone", "http://127.0.0.1:9/m", variables=tiny)
    assert done.code == 9, done
    (line,) = done.error_lines
    assert "127.0.0.1:9 refuses the connection" in line
