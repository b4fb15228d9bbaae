"""Images read from a stream like that of `docker save`, in each form that engines write."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from docker.reproduce.saved import Image, read_images, read_layer
from stages.errors import EngineError


def tar_of(files: dict[str, bytes], **changes: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), 7
            for field, value in changes.items():
                setattr(member, field, value)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


LOWER, UPPER = tar_of({"etc/a": b"1", "etc/a-b": b"2"}), tar_of({"app": b"{3}"})
CONFIG = json.dumps({"rootfs": 1}).encode()


def archive(layers: list[bytes], compress: bool) -> bytes:
    blobs = {f"blobs/sha256/{digest(layer)}": layer for layer in layers}
    if compress:
        blobs = {name: gzip.compress(blob) for name, blob in blobs.items()}
    config = f"blobs/sha256/{digest(CONFIG)}"
    manifest = [{"Config": config, "RepoTags": ["x:latest", "y:1"], "Layers": list(blobs)}]
    return tar_of({**blobs, config: CONFIG, "manifest.json": json.dumps(manifest).encode()})


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a stand-in for docker prints; it fails without one."""
    program, output = tmp_path / "docker", tmp_path / "saved.tar"
    program.write_text(f"#!/bin/sh\nexec cat {output}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return output


@pytest.mark.parametrize("compress", [False, True])
def test_an_image_is_its_configuration_and_its_layers_however_they_are_kept(
    engine: Path, compress: bool
) -> None:
    engine.write_bytes(archive([LOWER, UPPER], compress))
    images = read_images(["x", "y:1"])
    assert images["x"] == images["y:1"]
    assert images["x"].config == f"sha256:{digest(CONFIG)}"
    assert [layer.diff_id for layer in images["x"].layers] == [
        f"sha256:{digest(layer)}" for layer in (LOWER, UPPER)
    ]


def test_a_layers_listing_has_its_files_in_order_with_what_tells_them_apart(engine: Path) -> None:
    engine.write_bytes(archive([LOWER, UPPER], compress=False))
    image: Image = read_images(["x"])["x"]
    assert image.layers[0].listing == [
        f"etc/a\t0\t644\t0:0\t7\t1\t{digest(b'1')[:16]}",
        f"etc/a-b\t0\t644\t0:0\t7\t1\t{digest(b'2')[:16]}",
    ]


def test_links_and_folders_are_told_apart(engine: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, target in (("f", tarfile.DIRTYPE, ""), ("l", tarfile.SYMTYPE, "to")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    layer = read_layer(io.BufferedReader(io.BytesIO(stream.getvalue())))
    assert [line.split("\t")[1::5] for line in layer.listing] == [["5", "-"], ["2", "-> to"]]


def test_an_engine_that_can_not_save_is_an_error(engine: Path) -> None:
    assert not engine.exists()
    with pytest.raises(EngineError, match="x can't be saved"):
        read_images(["x"])


def test_an_engine_that_stops_in_the_middle_is_an_error(engine: Path) -> None:
    engine.write_bytes(archive([LOWER, UPPER], compress=False)[:2000])
    with pytest.raises(EngineError, match=r"can't be read .* build the images again"):
        read_images(["x"])


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest.json": b"[{"},
        {"manifest.json": b"{}"},
        {"manifest.json": b'[{"Config": "c", "Layers": ["l"], "RepoTags": ["x:latest"]}]'},
        {"manifest.json": b"[]", "l": b"\x1f\x8bno gzip", "m": b"no tar"},
    ],
)
def test_an_archive_of_another_form_is_an_error(engine: Path, files: dict[str, bytes]) -> None:
    engine.write_bytes(tar_of(files))
    with pytest.raises(EngineError, match=r"can't be read .* build the images again"):
        read_images(["x"])


def test_an_image_that_is_not_among_those_saved_is_named(engine: Path) -> None:
    engine.write_bytes(archive([LOWER], compress=False))
    with pytest.raises(EngineError, match="the engine saved no image z"):
        read_images(["x", "z"])
