"""The emulator for the local runner: built by whatever compiler there is, or refused in a line."""

import shutil
from pathlib import Path

import pytest

from docker.host import emulator
from stages.errors import HostError

MAKEFILE = """\
build/libamxemu.so:
\tmkdir -p build && {command} && touch $@
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "cc" else f"/bin/{name}")
    (tmp_path / "Makefile").write_text(MAKEFILE.format(command="echo $(CC) > built"))
    return tmp_path


def test_it_is_built_once_by_the_compiler_that_is_there(source: Path) -> None:
    assert emulator.get_or_build(source) == source / "build" / "libamxemu.so"
    assert (source / "built").read_text() == "/bin/gcc\n"
    (source / "built").unlink()
    assert emulator.get_or_build(source).is_file()
    assert not (source / "built").exists()


@pytest.mark.parametrize("missing", [("cc", "gcc", "clang"), ("make",)])
def test_without_a_compiler_it_is_said_what_to_install(
    source: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name in missing else f"/bin/{name}")
    with pytest.raises(HostError, match="install the packages gcc, libc6-dev and make"):
        emulator.get_or_build(source)


def test_a_compiler_that_fails_is_said_so(source: Path) -> None:
    (source / "Makefile").write_text(MAKEFILE.format(command="false"))
    with pytest.raises(HostError, match="can't be built; the lines above"):
        emulator.get_or_build(source)


def test_without_its_source_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="has no source of the emulator"):
        emulator.get_or_build(tmp_path)
