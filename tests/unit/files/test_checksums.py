"""A list of checksums vouches for a folder only if it names all of it, and nothing else."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.artifacts import verify
from stages.errors import InputCorruptError, InputMissingError
from stages.files.checksums import CHECKSUMS, sha256, write_checksums

ZEROS = "0" * 64


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The folder of profile, whole."""
    folder = tmp_path / "profile"
    (folder / "proof").mkdir(parents=True)
    (folder / "measurements.json").write_text("{}")
    (folder / "8.json").write_text("{}")
    (folder / "proof" / "int8.log").write_text("log")
    write_checksums(folder)
    return folder


def edit(change: Callable[[str], str | bytes]) -> Callable[[Path], None]:
    """Return what changes the text of a folder's list."""

    def apply(folder: Path) -> None:
        changed = change((folder / CHECKSUMS).read_text())
        content = changed if isinstance(changed, bytes) else changed.encode()
        (folder / CHECKSUMS).write_bytes(content)

    return apply


def without(name: str) -> Callable[[Path], None]:
    return edit(lambda text: "".join(f"{line}\n" for line in text.splitlines() if name not in line))


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        unix.bind(path.name)
        os.chdir(here)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (edit(lambda text: ""), "is empty"),
    "cut within a line": (edit(lambda text: text[:-3]), "ends within a line"),
    "one line less": (without("8.json"), r"8\.json is not listed"),
    "no record": (without("measurements"), "measurements.json is not listed"),
    "record gone": (lambda folder: (folder / "measurements.json").unlink(), "measurements.json is"),
    "another digest": (edit(lambda text: ZEROS + text[64:]), r"8\.json is missing or differs"),
    "short digest": (edit(lambda text: text[1:]), "no checksum"),
    "upper case": (edit(lambda text: "A" * 64 + text[64:]), "no checksum"),
    "one space": (edit(lambda text: text.replace("  ", " ", 1)), "no checksum"),
    "blank line": (edit(lambda text: text + "\n"), "no checksum"),
    "carriage returns": (edit(lambda text: text.replace("\n", "\r\n")), "can be no file of it"),
    "absolute": (edit(lambda text: f"{text}{ZEROS}  /etc/passwd\n"), "'/etc/passwd', which can be"),
    "parent": (edit(lambda text: f"{text}{ZEROS}  ../x\n"), "which can be no file of it"),
    "dot": (edit(lambda text: f"{text}{ZEROS}  ./8.json\n"), "which can be no file of it"),
    "twice": (edit(lambda text: text + text), "twice"),
    "itself": (edit(lambda text: f"{text}{ZEROS}  {CHECKSUMS}\n"), "is missing or differs"),
    "not UTF-8": (edit(lambda text: text.encode() + b"\xa6\xff  file\n"), "is not UTF-8"),
    "a folder as file": (edit(lambda text: f"{text}{ZEROS}  proof\n"), "proof is missing"),
    "no list": (lambda folder: (folder / CHECKSUMS).unlink(), f"{CHECKSUMS} is missing"),
    "extra file": (lambda folder: (folder / "more").touch(), "more is not listed"),
    "extra name": (
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n")).touch(),
        "is not listed",
    ),
    "symlink": (lambda folder: (folder / "more").symlink_to("8.json"), "more is a symlink"),
    "linked folder": (lambda folder: (folder / "more").symlink_to("proof"), "more is a symlink"),
    "fifo": (lambda folder: os.mkfifo(folder / "more"), "more is no plain file"),
    "socket": (lambda folder: bind(folder / "more"), "more is no plain file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_whole_is_refused_in_one_line(profile: Path, damage: str) -> None:
    change, message = DAMAGES[damage]
    change(profile)
    with pytest.raises(InputCorruptError, match=message):
        verify(profile)


@pytest.mark.parametrize("name", ["8.json", CHECKSUMS])
@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder"])
def test_no_reader_follows_a_link_or_waits_for_a_pipe(profile: Path, name: str, kind: str) -> None:
    (profile / name).rename(profile.parent / "elsewhere")
    if kind == "symlink":
        (profile / name).symlink_to("../elsewhere")
    elif kind == "fifo":
        os.mkfifo(profile / name)
    else:
        (profile / name).mkdir()
    with pytest.raises(InputCorruptError):
        verify(profile)


def test_an_edited_figure_is_refused_with_a_list_that_names_nothing(profile: Path) -> None:
    (profile / "8.json").write_text('{"throughput": 9999}')
    (profile / CHECKSUMS).write_text("")
    with pytest.raises(InputCorruptError, match="run the profile stage again"):
        verify(profile)


@pytest.mark.parametrize("put", [lambda path: path.touch(), lambda path: path.symlink_to("/tmp")])
def test_a_stage_that_is_no_folder_is_refused(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    put(tmp_path / "train")
    with pytest.raises(InputCorruptError, match="train is no folder"):
        verify(tmp_path / "train")


def test_a_folder_that_is_not_there_is_another_error(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="run the train stage first"):
        verify(tmp_path / "train")


def test_names_of_other_languages_are_listed(tmp_path: Path) -> None:
    (tmp_path / "Größe").write_text("1")
    write_checksums(tmp_path)
    assert len(verify(tmp_path)) == 64
    assert sha256(tmp_path / "Größe") in (tmp_path / CHECKSUMS).read_text(encoding="utf-8")


def test_a_file_that_no_list_can_name_is_not_handed_over(tmp_path: Path) -> None:
    (tmp_path / "two\nlines").touch()
    with pytest.raises(InputCorruptError, match="can be no file"):
        write_checksums(tmp_path)
