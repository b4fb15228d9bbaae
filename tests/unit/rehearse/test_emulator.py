"""An emulator that can't be used is refused in one line; so is one that is loaded already."""

import shutil
import sys
from pathlib import Path

import pytest

from stages.common.host.amx_probe import Probe
from stages.errors import HostError, InputMissingError, SettingsError
from stages.records.rehearse import EMULATOR_VERSION
from stages.rehearse import emulator
from stages.rehearse.emulator import last_words, require_none_loaded, require_usable


@pytest.mark.parametrize(
    "environ",
    [
        {"LD_PRELOAD": "/opt/amxemu/libamxemu.so"},
        {"LD_PRELOAD": "/lib/a.so:/x/libamxemu.so"},
        {"AMXEMU_TRAP": "1"},
    ],
)
def test_an_emulator_of_the_caller_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="unset"):
        require_none_loaded(environ)


def test_other_variables_are_nobodys_business() -> None:
    require_none_loaded({"PATH": "/bin", "LD_PRELOAD": "/lib/libjemalloc.so"})


def test_no_library_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"set VGG19_EMULATOR to libamxemu\.so"):
        require_usable(tmp_path / "none.so")


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "libamxemu.so"
    text.write_text("no library\n")
    with pytest.raises(HostError, match=r"can't be used as emulator \(.*\); build it"):
        require_usable(text)


def test_a_library_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    import _ctypes

    cut = tmp_path / "libamxemu.so"
    whole = Path(_ctypes.__file__).read_bytes()
    cut.write_bytes(whole[: len(whole) // 4])
    with pytest.raises(HostError, match=r"can't be used as emulator \(.+\); build it"):
        require_usable(cut)


def test_another_library_is_no_emulator() -> None:
    import _ctypes

    with pytest.raises(HostError, match="it is no emulator of AMX"):
        require_usable(Path(_ctypes.__file__))


def test_a_path_that_the_loader_would_split_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a b.so"
    shutil.copyfile(sys.executable, path)
    with pytest.raises(SettingsError, match="blank or a colon"):
        require_usable(path)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "lib.so"
    path.write_bytes(b"library")
    return path


def test_another_version_is_refused(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "_version", lambda path: "0.9.0")
    with pytest.raises(HostError, match=r"is version 0\.9\.0, this needs 1\.0\.0"):
        require_usable(library)


def test_one_that_multiplies_wrongly_is_refused(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_version", lambda path: EMULATOR_VERSION)
    monkeypatch.setattr(emulator, "probe", lambda name, preload: Probe(True, f"{name} was wrong"))
    with pytest.raises(HostError, match="does not work here: tdpbssd was wrong"):
        require_usable(library)


def test_a_whole_one_is_named_by_its_version_and_checksum(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_version", lambda path: EMULATOR_VERSION)
    monkeypatch.setattr(emulator, "probe", lambda name, preload: Probe(True, None))
    made = require_usable(library)
    assert (made.version, len(made.sha256)) == (EMULATOR_VERSION, 64)


def test_the_last_line_of_the_emulator_is_found_among_others(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("amxemu: first\namxemu: \x1b[31mlast\nFatal Python error\n")
    assert last_words(log) == r"amxemu: \x1b[31mlast"
    log.write_text("Fatal Python error\n")
    assert last_words(log) == ""
