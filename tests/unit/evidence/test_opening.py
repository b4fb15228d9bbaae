"""What never was a bundle is said to be none; what came to harm, to be damaged."""

import gzip
import io
import lzma
import os
import socket
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.share.bundle import verify_bundle
from stages.errors import InputCorruptError, exit_code_of
from stages.evidence import opening
from stages.evidence.archive import pack
from stages.evidence.opening import opened


def packed(folder: Path, *names: str) -> bytes:
    """Return some files as a bundle has them."""
    (folder / "files").mkdir()
    for name in names:
        (folder / "files" / name).write_text(name)
    pack(folder / "files", folder / "files.tar")
    return (folder / "files.tar").read_bytes()


def tar_of(name: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.mtime = 1_700_000_000
        tar.addfile(member, io.BytesIO())
    return stream.getvalue()


def zip_of(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "text")
    return stream.getvalue()


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(path.name)  # relative, as such a path has a limit


CONTENTS: dict[str, tuple[bytes, str]] = {
    "text": (b"# VGG19 on your Xeon\n" * 100, "it has nothing that a bundle has"),
    "short text": (b"x", "it has nothing that a bundle has"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), "it has nothing that a bundle has"),
    "zeros": (bytes(10240), "it has no manifest.json"),
    "nothing": (b"", "it is empty"),
    "gzip": (gzip.compress(b"text"), "it is compressed by gzip"),
    "zip": (zip_of("text"), "it is compressed by zip"),
    "xz of text": (lzma.compress(b"text"), "it has nothing that a bundle has"),
    "xz in xz": (lzma.compress(lzma.compress(b"text")), "it is compressed by xz"),
    "another tar": (tar_of("README.md"), "it is a tar of something else"),
    "an engine's images": (tar_of("manifest.json"), "it is a tar of something else"),
}
PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "it is a folder"),
    "a pipe": (os.mkfifo, "it is a pipe"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "a socket": (bound, "it is a socket"),
}


def refusal(path: Path) -> str:
    with pytest.raises(InputCorruptError) as raised:
        verify_bundle(path)
    return str(raised.value)


@pytest.mark.parametrize("kind", CONTENTS)
def test_another_file_is_said_to_be_no_bundle(tmp_path: Path, kind: str) -> None:
    content, why = CONTENTS[kind]
    (tmp_path / "file").write_bytes(content)
    said = refusal(tmp_path / "file")
    assert said.startswith(f"{tmp_path}/file is no bundle ({why}")
    assert "damaged" not in said


@pytest.mark.parametrize("kind", PLACES)
def test_so_is_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    make, why = PLACES[kind]
    make(tmp_path / "it")
    said = refusal(tmp_path / "it")
    assert said.startswith(f"{tmp_path}/it is no bundle ({why}")
    assert said.endswith("name a file that `invoke bundle` wrote")


def test_so_is_a_tar_of_the_same_form_that_has_no_manifest(tmp_path: Path) -> None:
    packed(tmp_path, "SHA256SUMS", "train.json")
    assert "is no bundle (it has no manifest.json)" in refusal(tmp_path / "files.tar")


def flipped(content: bytes) -> bytes:
    return content[:3] + b"\xff" + content[4:]


def cut(content: bytes) -> bytes:
    return content[:-20]


def flipped_late(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


def with_text_behind(content: bytes) -> bytes:
    return content + b"text"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "its first byte gone": lambda content: content[1:],
    "its first header flipped": flipped,
    "cut in its first header": lambda content: content[:100],
    "cut": lambda content: content[:2000],
    "its beginning missing": lambda content: content[512:],
    "something before it": lambda content: b"#!/bin/sh\n" + bytes(3 * 2**20 - 20) + content,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bundle_that_came_to_harm_is_said_to_be_damaged(tmp_path: Path, damage: str) -> None:
    content = packed(tmp_path, "SHA256SUMS", "licences.txt", "manifest.json")
    (tmp_path / "bundle.tar").write_bytes(DAMAGES[damage](content))
    assert "was damaged or edited" in refusal(tmp_path / "bundle.tar")


def test_one_that_xz_compressed_is_read_as_it_was(tmp_path: Path) -> None:
    content = packed(tmp_path, "SHA256SUMS", "train.json")
    (tmp_path / "bundle.tar.xz").write_bytes(lzma.compress(content))
    assert "bundle.tar.xz is no bundle (it has no manifest.json)" in refusal(
        tmp_path / "bundle.tar.xz"
    )


def in_streams(content: bytes) -> bytes:
    starts = range(0, len(content), 700)
    return b"".join(lzma.compress(content[start : start + 700]) for start in starts)


def padded(content: bytes) -> bytes:
    return lzma.compress(content[:2000]) + bytes(8) + lzma.compress(content[2000:]) + bytes(2**21)


@pytest.mark.parametrize("pack_differently", [in_streams, padded])
def test_so_is_one_of_several_streams_and_with_padding(
    tmp_path: Path, pack_differently: Callable[[bytes], bytes]
) -> None:
    content = packed(tmp_path, "SHA256SUMS", "train.json")
    (tmp_path / "bundle.tar.xz").write_bytes(pack_differently(content))
    with opened(tmp_path / "bundle.tar.xz") as stream:
        assert stream.read() == content


def test_one_that_takes_too_much_memory_is_not_called_damaged(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 192 * 2**20, "mode": lzma.MODE_FAST}]
    content = packed(tmp_path, "SHA256SUMS", "manifest.json")
    (tmp_path / "bundle.tar.xz").write_bytes(lzma.compress(content, filters=filters))
    said = refusal(tmp_path / "bundle.tar.xz")
    assert "is not decompressed here (it takes more than 128 MiB of memory)" in said
    assert "damaged" not in said


def test_endless_streams_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.xz").write_bytes(lzma.compress(b"") * 5000)
    assert "it has more than 2000 streams" in refusal(tmp_path / "bomb.xz")


@pytest.mark.parametrize("damage", [cut, flipped_late, with_text_behind])
def test_one_that_xz_can_not_read_is_damaged(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    content = packed(tmp_path, "SHA256SUMS", "manifest.json")
    (tmp_path / "bundle.tar.xz").write_bytes(damage(lzma.compress(content)))
    assert "bundle.tar.xz was damaged (xz can't read it)" in refusal(tmp_path / "bundle.tar.xz")


def test_what_xz_makes_too_large_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MAX_BUNDLE_BYTES", 3 * 2**20)
    (tmp_path / "bomb.xz").write_bytes(lzma.compress(bytes(8 * 2**20)))
    assert "is no bundle (it is larger than 3 MB)" in refusal(tmp_path / "bomb.xz")


def test_what_the_kernel_can_not_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of("verify", lambda: print(verify_bundle(Path("/proc/self/mem")))) == 3
    assert "/proc/self/mem can't be read (Input/output error)" in capsys.readouterr().err
