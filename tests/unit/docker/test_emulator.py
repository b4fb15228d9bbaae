"""The emulator for the local runner: built by whatever compiler there is, or refused in a line."""

import os
import shutil
from pathlib import Path

import pytest

from docker.host import emulator
from stages.errors import HostError
from stages.records.rehearse import EMULATOR_VERSION

BUILD = """\
import sys
from pathlib import Path
library, compiler = Path(sys.argv[1]), sys.argv[2]
library.parent.mkdir(exist_ok=True)
library.write_text(compiler)
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    there = {"clang": "/bin/clang"}
    monkeypatch.setattr(shutil, "which", there.get)
    (tmp_path / "build.py").write_text(BUILD)
    os.utime(tmp_path / "build.py", (1, 1))
    return tmp_path


def test_it_is_built_by_the_compiler_that_is_there(source: Path) -> None:
    assert emulator.get_or_build(source) == source / "build" / "libamxemu.so"
    assert (source / "build" / "libamxemu.so").read_text() == "--cc=/bin/clang"


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_it_is_built_again_only_if_its_source_is_another(source: Path, change: str) -> None:
    (source / "some.c").write_text("int a;")
    library = emulator.get_or_build(source)
    library.write_text("kept")
    newer = library.stat().st_mtime + 1
    os.utime(source / "build.py", (newer, newer))
    assert emulator.get_or_build(source).read_text() == "kept"
    if change == "removed":
        (source / "some.c").unlink()
    else:
        other = source / ("some.c" if change == "edited" else "other.c")
        other.write_text("int b;")
        os.utime(other, (1, 1))  # as an archive, or another machine, has it
    assert emulator.get_or_build(source).read_text() != "kept"


def test_what_the_build_does_not_read_is_no_source(source: Path) -> None:
    emulator.get_or_build(source).write_text("kept")
    for name in (b"README.md", b".tiles.c.swp", b"\xff.txt", b".#tiles.c"):
        (source / os.fsdecode(name)).touch(0o000)
    assert emulator.get_or_build(source).read_text() == "kept"


def test_a_build_that_fails_leaves_no_library_that_is_taken_for_it(source: Path) -> None:
    good, library = source.joinpath("build.py").read_text(), emulator.get_or_build(source)
    library.write_text("of the first source")
    (source / "build.py").write_text("raise SystemExit(1)")
    with pytest.raises(HostError):
        emulator.get_or_build(source)
    (source / "build.py").write_text(good)
    assert emulator.get_or_build(source).read_text() != "of the first source"


def test_without_a_compiler_it_is_said_what_to_install(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", {}.get)
    with pytest.raises(HostError, match="install the packages gcc and libc6-dev"):
        emulator.get_or_build(source)


def test_a_compiler_that_fails_is_said_so(source: Path) -> None:
    (source / "build.py").write_text("raise SystemExit(1)")
    with pytest.raises(HostError, match="can't be built; the lines above"):
        emulator.get_or_build(source)


def test_without_its_source_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="has no source of the emulator"):
        emulator.get_or_build(tmp_path)


def test_the_one_that_a_rehearsal_asks_for_is_the_one_of_this_checkout() -> None:
    header = (emulator.FOLDER / "version.h").read_text()
    assert f'#define AMXEMU_VERSION "{EMULATOR_VERSION}"' in header
