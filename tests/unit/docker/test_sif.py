"""Apptainer's images: each is the locked one, and built once."""

import gzip
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from docker import sif
from docker.build.graph import Stage
from docker.lockfile import ImagesLock, LockedImage
from stages.errors import EngineError, NotWritableError
from tests.unit.docker.fake_apptainer import FakeApptainer, in_path
from tests.unit.docker.test_saved import LOWER, UPPER, digest, tar_of

TRAIN, COMPARE = Stage("train", "vgg19-train"), Stage("compare", "vgg19-compare")
LAYERS = {TRAIN: [LOWER, UPPER], COMPARE: [LOWER]}


def config_of(stage: Stage) -> bytes:
    diff_ids = [f"sha256:{digest(layer)}" for layer in LAYERS[stage]]
    return json.dumps({"config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def archive(compress: bool = False, names: Mapping[bytes, bytes] = {}) -> bytes:
    """What `docker save` writes of both images; `names` has other bytes for some layers."""
    files: dict[str, bytes] = {}
    manifest = []
    for stage, layers in LAYERS.items():
        blobs = {f"blobs/sha256/{digest(layer)}": names.get(layer, layer) for layer in layers}
        files |= {name: gzip.compress(blob) if compress else blob for name, blob in blobs.items()}
        config = f"blobs/sha256/{digest(config_of(stage))}"
        files[config] = config_of(stage)
        tags = [f"{stage.image}:latest"]
        manifest.append({"Config": config, "RepoTags": tags, "Layers": list(blobs)})
    return tar_of({**files, "manifest.json": json.dumps(manifest).encode()})


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApptainer:
    """Apptainer, beside an export of both images, which are the locked ones."""
    locked = {
        stage.target: LockedImage(f"sha256:{digest(config_of(stage))}", []) for stage in LAYERS
    }
    monkeypatch.setattr(sif, "read_lock", lambda: ImagesLock({}, {}, {}, locked))
    monkeypatch.setattr(sif, "changed_inputs", lambda lock, environ: [])
    monkeypatch.setattr(sif, "SIF_FILES", tmp_path / "sif")
    monkeypatch.setattr(sif, "EXPORT", tmp_path / "export")
    monkeypatch.setattr(sif, "BUILD_LOG", tmp_path / "build.log")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "images.tar").write_bytes(archive())
    return in_path(tmp_path, monkeypatch)


def prepare(fake: FakeApptainer) -> dict[Stage, sif.Sif]:
    return sif.prepare(str(fake.program), [TRAIN, COMPARE])


@pytest.mark.parametrize("compress", [False, True])
def test_each_is_built_of_the_one_image_that_is_locked(
    fake: FakeApptainer, tmp_path: Path, compress: bool
) -> None:
    (tmp_path / "export" / "images.tar").write_bytes(archive(compress))
    for stage, made in prepare(fake).items():
        assert made.digest == f"sha256:{digest(config_of(stage))}"
        with tarfile.open(made.path) as tar:  # the stand-in leaves what it was to build of
            contents = {member.name: tar.extractfile(member) for member in tar}
            read = {name: file.read() for name, file in contents.items() if file}
        ((entry),) = json.loads(read["manifest.json"])
        assert read[entry["Config"]] == config_of(stage)
        layers = [read[name] for name in entry["Layers"]]
        assert [gzip.decompress(it) if compress else it for it in layers] == LAYERS[stage]


def test_what_was_built_is_taken_again_also_without_the_export(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    assert sif.to_build([TRAIN]).startswith("to be built: train-")
    first = prepare(fake)
    assert sif.to_build([TRAIN, COMPARE]) == "all are there"
    (tmp_path / "export" / "images.tar").unlink()
    assert prepare(fake) == first
    assert len(fake.calls("build")) == 2


def test_without_an_export_it_is_said_where_images_come_from(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    (tmp_path / "export" / "images.tar").unlink()
    with pytest.raises(EngineError, match=r"is not there, nor .*images.tar.*`invoke export`"):
        prepare(fake)


def test_an_image_of_other_source_is_refused(
    fake: FakeApptainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = {"train": LockedImage("sha256:1", [])}
    monkeypatch.setattr(sif, "read_lock", lambda: ImagesLock({}, {}, {}, locked))
    with pytest.raises(EngineError, match="has vgg19-train of other source than this clone's"):
        sif.prepare(str(fake.program), [TRAIN])
    assert not fake.calls()


def test_a_source_that_is_not_as_locked_is_refused(
    fake: FakeApptainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sif, "changed_inputs", lambda lock, environ: ["stages"])
    with pytest.raises(EngineError, match="no image is of this source: stages is another than"):
        prepare(fake)
    assert not fake.calls()


@pytest.mark.parametrize(
    "content",
    [archive(names={UPPER: tar_of({"app": b"{4}"})}), archive()[:4000], b"", tar_of({"a": b""})],
    ids=["another layer", "cut short", "empty", "another file"],
)
def test_an_archive_that_is_damaged_is_refused(
    fake: FakeApptainer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "export" / "images.tar").write_bytes(content)
    with pytest.raises(EngineError, match="or is not whole; get the export again"):
        prepare(fake)
    assert not fake.calls()


@pytest.mark.parametrize("how", ["a pipe", "a link"])
def test_a_sum_that_is_no_plain_file_is_not_read(
    fake: FakeApptainer, tmp_path: Path, how: str
) -> None:
    made = prepare(fake)[TRAIN]
    path = made.path.with_name(f"{made.path.name}.sha256")
    path.rename(tmp_path / "sum")
    if how == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "sum")
    assert prepare(fake)[TRAIN] == made
    assert len(fake.calls("build")) == 3


@pytest.mark.parametrize("damage", ["garbage", ""])
def test_a_file_by_an_images_name_that_was_not_built_here_is_built_again(
    fake: FakeApptainer, damage: str
) -> None:
    made = prepare(fake)[TRAIN]
    whole = made.path.read_bytes()
    made.path.write_text(damage)
    assert prepare(fake)[TRAIN] == made
    assert made.path.read_bytes() == whole
    assert len(fake.calls("build")) == 3


def test_without_the_export_a_file_that_was_not_built_here_is_refused(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    made = prepare(fake)[TRAIN]
    made.path.write_text("garbage")
    (tmp_path / "export" / "images.tar").unlink()
    with pytest.raises(EngineError, match="is not what was built here"):
        prepare(fake)


@pytest.mark.parametrize(
    "leaves",
    [
        "pass",
        "open(words[-2], 'w').close()",
        "os.symlink('/etc/hostname', words[-2])",
        "os.mkfifo(words[-2])",
        "os.mkdir(words[-2])",
    ],
)
def test_a_build_that_says_it_ended_well_and_left_no_image_is_an_error(
    fake: FakeApptainer, tmp_path: Path, leaves: str
) -> None:
    fake.behave(f"if 'build' in words:\n    os.remove(words[-2])\n    {leaves}")
    with pytest.raises(EngineError, match=r"ended with 0, but has built no train-"):
        prepare(fake)
    assert [*(tmp_path / "sif").iterdir()] == []


def test_where_there_can_be_no_folder_for_images_it_is_said(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    (tmp_path / "sif").write_text("mine")
    with pytest.raises(NotWritableError, match=r"there can be no folder .*sif"):
        prepare(fake)
    assert (tmp_path / "sif").read_text() == "mine"


def test_a_build_that_fails_leaves_no_image(fake: FakeApptainer, tmp_path: Path) -> None:
    fake.behave("sys.exit(255)")
    with pytest.raises(EngineError, match=r"can't build train-.*; the lines above say why"):
        prepare(fake)
    assert [*(tmp_path / "sif").iterdir()] == []


def test_what_a_build_prints_is_in_a_file_and_its_end_shown_without_passwords(
    fake: FakeApptainer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "INFO: begun\\nFATAL: \\x1b[31mhttps://me:hunter2@host/"
    fake.behave(f"print('{said}', file=sys.stderr)\nsys.exit(1)")
    with pytest.raises(EngineError, match="can't build"):
        prepare(fake)
    shown = capfd.readouterr()
    assert "FATAL" in shown.err
    assert "host/" in shown.err
    assert "hunter2" not in shown.out + shown.err
    assert "\x1b" not in shown.err
    assert "INFO: begun" in (tmp_path / "build.log").read_text()
