"""An export takes what is finished in train's cache, and nothing that lies elsewhere."""

import os
import tarfile
from pathlib import Path

import pytest

from docker import images
from docker.share import export
from docker.share.export import is_left_out, write_export
from stages.artifacts import Artifacts
from stages.errors import EngineError, InputCorruptError, NotWritableError
from tests.unit.deep import make_deep, remove_deep

PLAIN = {"data", "data/leaf", "backbones"}


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """A cache in which a stage left what it should not."""
    monkeypatch.setattr(images, "build_missing", lambda stages: None)
    monkeypatch.setattr(export, "_save", lambda names, output: output.write_text("images"))
    monkeypatch.setattr(export, "_download", lambda folder: folder.mkdir())
    monkeypatch.setattr(export, "_source_files", lambda: ["README.md"])
    secret = tmp_path / "secret"
    secret.write_text("of root alone")
    cache = tmp_path / "artifacts" / ".cache"
    (cache / "data").mkdir(parents=True)
    (cache / "data" / "leaf").write_text("leaf")
    (cache / "data" / "link").symlink_to(secret)
    (cache / "data" / "folder").symlink_to(tmp_path)
    (cache / "data" / "beans.tmp.1234").mkdir()
    (cache / "data" / "beans.tmp.1234" / "half").touch()
    os.mkfifo(cache / "data" / "fifo")
    (cache / "features").mkdir()
    (cache / "features" / "big.npy").touch()
    (cache / "backbones" / ".embedded.abcd1234.new").mkdir(parents=True)
    return Artifacts(tmp_path / "artifacts")


def packed(path: Path) -> dict[str, bytes]:
    top = "vgg19/export/cache/"
    with tarfile.open(path) as tar:
        members = {entry.name.removeprefix(top): entry for entry in tar if top in entry.name}
        files = {name: tar.extractfile(entry) for name, entry in members.items() if entry.isreg()}
        return dict.fromkeys(members, b"") | {n: f.read() for n, f in files.items() if f}


def test_only_what_is_finished_and_plain_is_packed(
    artifacts: Artifacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_export([], artifacts, tmp_path / "export.tar.gz")
    files = packed(tmp_path / "export.tar.gz")
    assert files.keys() == PLAIN
    assert files["data/leaf"] == b"leaf"
    shown = capsys.readouterr().out
    assert all(f"export: data/{name} in " in shown for name in ("link", "folder", "fifo"))


def test_a_second_export_says_which_file_it_replaced(
    artifacts: Artifacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_export([], artifacts, tmp_path / "export.tar.gz")
    assert "replaced" not in capsys.readouterr().out
    write_export([], artifacts, tmp_path / "export.tar.gz")
    assert f"export: replaced the file {tmp_path}/export.tar.gz of 2" in capsys.readouterr().out


def test_another_users_file_is_not_packed_by_a_second_name(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (artifacts.cache / "data" / "second").hardlink_to(tmp_path / "secret")
    fstat = os.fstat

    def owned_by_another(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        if found.st_nlink == 1:
            return found
        values = list(found)
        values[4] += 1
        return os.stat_result(values)

    monkeypatch.setattr(os, "fstat", owned_by_another)
    write_export([], artifacts, tmp_path / "export.tar.gz")
    assert packed(tmp_path / "export.tar.gz").keys() == PLAIN


def test_a_failure_on_the_way_leaves_no_file(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("the images can't be saved")

    before = {path.name for path in tmp_path.iterdir()}
    for name in ("_save", "_pack"):
        with monkeypatch.context() as patch:
            patch.setattr(export, name, fail)
            with pytest.raises(EngineError):
                write_export([], artifacts, tmp_path / "export.tar.gz")
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["none/export.tar.gz", "artifacts"])
def test_what_can_not_be_written_is_refused_before_anything_is_built(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(images, "build_missing", lambda stages: pytest.fail("it built"))
    with pytest.raises(NotWritableError):
        write_export([], artifacts, tmp_path / name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("features", True),
        ("data/features", False),
        ("data/downloads/beans.zip.tmp.ab12", True),
        ("data/bean_leaves/1.0.0.incomplete.AB12_bean", True),
        ("hub/abc.lock", True),
        ("hub/abc/saved_model.pb", False),
        ("data/beans/0.1.0/features.json", False),
    ],
)
def test_what_is_left_out(path: str, expected: bool) -> None:
    assert is_left_out(path) == expected


def test_a_cache_deeper_than_any_stage_makes_is_refused_in_one_line(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    make_deep(artifacts.cache / "data" / "deep")
    try:
        with pytest.raises(InputCorruptError, match="is more than 64 folders deep"):
            write_export([], artifacts, tmp_path / "export.tar.gz")
    finally:
        remove_deep(artifacts.cache / "data" / "deep")
    assert not (tmp_path / "export.tar.gz").exists()
