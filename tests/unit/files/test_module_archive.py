"""What is taken of a module's archive, and what is not."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.errors import ModelError
from stages.files import module_archive as module
from stages.files.module_archive import require_model_in, unpack

PARTS = {"saved_model.pb": b"graph", "variables/variables.index": b"index"}


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def packed(*others: tarfile.TarInfo, parts: dict[str, bytes] = PARTS) -> bytes:
    """Return a tar of these files, and of other entries without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in parts.items():
            info = entry(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for other in others:
            tar.addfile(other)
    return stream.getvalue()


def unpacked(content: bytes, tmp_path: Path, max_bytes: int = 10**6) -> Path:
    archive = tmp_path / "archive"
    archive.write_bytes(content)
    unpack(archive, tmp_path / "in" / "module", "the archive", max_bytes)
    return tmp_path / "in" / "module"


def refused(content: bytes, tmp_path: Path, max_bytes: int = 10**6) -> str:
    (tmp_path / "in").mkdir(exist_ok=True)
    with pytest.raises(ModelError) as caught:
        unpacked(content, tmp_path, max_bytes)
    inside = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path).parts[0] for path in inside} <= {"archive", "in"}
    return str(caught.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_a_module_is_unpacked_as_it_is(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    folder = unpacked(pack(packed(entry("./assets", tarfile.DIRTYPE))), tmp_path)
    assert {path: (folder / path).read_bytes() for path in PARTS} == PARTS
    assert (folder / "assets").is_dir()


def test_files_keep_no_rights_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    program = entry("program")
    program.mode = 0o6755
    folder = unpacked(packed(program), tmp_path)
    assert (folder / "program").stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_folders_are_not_deeper_than_what_removes_them_can_go(kind: bytes, tmp_path: Path) -> None:
    text = refused(packed(entry("d/" * 1000 + "d", kind)), tmp_path)
    assert "holds d/d/" in text
    assert "which is in more than 50 folders" in text


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..", "a/.."])
def test_nothing_leaves_the_folder(name: str, tmp_path: Path) -> None:
    assert "outside of its folder" in refused(packed(entry(name)), tmp_path)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
)
def test_only_files_and_folders_are_taken(kind: bytes, tmp_path: Path) -> None:
    link = entry("variables/link", kind, "../../../etc")
    message = refused(packed(link, entry("variables/link/passwd")), tmp_path)
    assert "holds variables/link, which is neither a plain file nor a folder" in message


def test_a_name_can_not_steer_the_terminal(tmp_path: Path) -> None:
    message = refused(packed(entry("\x1b[2J\nok", tarfile.SYMTYPE, "x")), tmp_path)
    assert "\x1b" not in message
    assert "\n" not in message


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    content = packed(entry("saved_model.pb"))
    assert "holds saved_model.pb twice, or as a file and as a folder;" in refused(content, tmp_path)


@pytest.mark.parametrize(
    "name", ["saved_model.pb/below", "saved_model.pb/", "variables/variables.index/below/it"]
)
def test_a_file_in_place_of_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    kind = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
    said = refused(packed(entry(name, kind)), tmp_path)
    assert f"holds {name.rstrip('/')} twice, or as a file and as a folder;" in said


@pytest.mark.parametrize("name", ["", ".", "./"])
def test_a_file_without_a_name_is_refused(name: str, tmp_path: Path) -> None:
    assert "holds a file without a name;" in refused(packed(entry(name)), tmp_path)


def test_what_grows_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(packed(parts={**PARTS, "bomb": bytes(20_000_000)}))
    assert len(bomb) < 100_000
    assert "holds more than 0.001 GB" in refused(bomb, tmp_path)
    written = sum(path.stat().st_size for path in (tmp_path / "in").rglob("*") if path.is_file())
    assert written < 3_000_000


def test_a_size_that_is_only_claimed_is_refused(tmp_path: Path) -> None:
    info = entry("claims")
    info.size = 10**12
    content = packed()[:1024] + info.tobuf() + bytes(1024)
    refused(content, tmp_path)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_an_attribute_does_not_fill_the_memory(kind: bytes, tmp_path: Path) -> None:
    info = entry("././@LongLink", kind)
    info.size = 8_000_000
    content = info.tobuf(tarfile.GNU_FORMAT) + bytes(8_000_000)
    assert "too long" in refused(gzip.compress(content), tmp_path, 10**9)


def test_files_without_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 5)
    assert "more than 5 files" in refused(packed(*map(entry, "abcdef")), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip",
        b"\x1f\x8b no gzip",
        gzip.compress(packed(), mtime=0)[:-20],
        gzip.compress(packed(), mtime=0)[:30],
        gzip.compress(packed(), mtime=0)[:-8] + bytes(8),
        gzip.compress(gzip.compress(packed(), mtime=0), mtime=0),
        packed()[:700],
        b"x" * 2048,
    ],
)
def test_what_is_no_whole_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    assert "give a TF2 SavedModel, packed by tar and gzip" in refused(content, tmp_path)


def test_what_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    assert "no saved_model.pb" in refused(packed(parts={"a/b/saved_model.pb": b""}), tmp_path)


def test_a_folder_that_was_packed_as_such_is_taken_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    notes = {"._mine": b"of another system"}
    inner = {f"./mine/{name}": content for name, content in PARTS.items()}
    folder = unpacked(gzip.compress(packed(parts=notes | inner)), tmp_path)
    assert {path: (folder / path).read_bytes() for path in PARTS} == PARTS
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["module"]


def many_folders() -> list[tarfile.TarInfo]:
    """Return few empty files in many folders."""
    return [entry(f"{number}/{'e/' * 40}f") for number in range(300)]


@pytest.mark.parametrize("prefix", ["", "./", "mine/", "./mine/"])
def test_a_model_is_found_without_unpacking(prefix: str, tmp_path: Path) -> None:
    archive = tmp_path / "mine.tar.gz"
    parts = {prefix + name: content for name, content in PARTS.items()}
    archive.write_bytes(gzip.compress(packed(parts=parts)))
    require_model_in(archive, "the archive")
    assert [*tmp_path.iterdir()] == [archive]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (packed(parts={"a/b/saved_model.pb": b""}), "holds no saved_model.pb"),
        (packed(entry("saved_model.pb", tarfile.DIRTYPE), parts={}), "holds no saved_model.pb"),
        (packed(entry("../outside"), parts={}), "holds ../outside, which would be"),
        (b"plain words", "is no tar archive, or damaged"),
        (b"PK\x03\x04 a zip", "is compressed by zip; give"),
        (lzma.compress(packed(parts=PARTS)), "is compressed by xz; give"),
        (packed(entry("a\\b"), parts={}), r"holds a\\.*b, whose name no model's file has"),
        (packed(entry("a\nb"), parts={}), r"holds a\\nb, whose name no model's file has"),
        (
            packed(entry("/".join(20 * [200 * "b"])), parts={}),
            r"holds b+\.\.\., whose name no model's file has",
        ),
        (
            packed(entry("a/" + 256 * "b"), parts={}),
            r"holds a/b+\.\.\., whose name no model's file has",
        ),
        (packed(*many_folders(), parts={}), "holds more than 10000 folders"),
        (gzip.compress(bytes(20_000_000)) + b"x", "holds no saved_model.pb"),
    ],
)
def test_what_can_be_no_module_is_refused_without_unpacking(
    content: bytes, cause: str, tmp_path: Path
) -> None:
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(ModelError, match=f"the archive ({cause})"):
        require_model_in(archive, "the archive", 10**6)


def test_headers_that_each_announce_another_are_refused(tmp_path: Path) -> None:
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 10
    announced = head.tobuf(tarfile.GNU_FORMAT) + b"aaaaaaaaa\0" + bytes(502)
    (tmp_path / "module.tar").write_bytes(announced * 3000)
    with pytest.raises(ModelError, match="the module is"):
        unpack(tmp_path / "module.tar", tmp_path / "out", "the module")
