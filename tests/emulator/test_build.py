"""The library as a file: the same bytes wherever it is built, installed where it belongs, named."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.emulator.building import SOURCES, build_library, run


def test_two_builds_in_two_folders_give_the_same_bytes(library: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "sources"
    shutil.copytree(SOURCES, other, ignore=shutil.ignore_patterns("build"))
    built = build_library(tmp_path / "out", sources=other)

    assert built.read_bytes() == library.read_bytes()
    assert str(tmp_path).encode() not in built.read_bytes()


def test_the_loader_initializes_it_first(library: Path) -> None:
    shown = subprocess.run(["readelf", "--dynamic", library], capture_output=True, text=True)
    assert "INITFIRST" in shown.stdout


def test_its_version_can_be_read(library: Path) -> None:
    header = (SOURCES / "version.h").read_text(encoding="utf-8")
    version = re.findall(r'AMXEMU_VERSION "(.*)"', header)
    code = "import ctypes as c; print((c.c_char * 16).in_dll(c.CDLL(None), 'amxemu_version').value)"

    assert run(library, sys.executable, "-c", code).stdout == f"{version[0].encode()!r}\n"


def test_no_file_of_the_emulator_is_long() -> None:
    for path in SOURCES.glob("*.[chS]"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 250, path.name
