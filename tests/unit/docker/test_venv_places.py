"""Places in which no virtual environment may be made, or none that replaces what is there."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.host import venv
from docker.host.interpreter import base_python
from stages.errors import NotWritableError
from tests.commands import run
from tests.unit.docker.environments import PYTHON, WHOLE, locks, steps

__all__ = ["locks", "steps"]  # fixtures


def a_file(path: Path, _elsewhere: Path) -> None:
    path.write_text("mine")


def a_link(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere)


def a_folder(path: Path, _elsewhere: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


def an_environment_of_the_users_own(path: Path, _elsewhere: Path) -> None:
    (path / "lib" / "python3.11" / "site-packages" / "mine").mkdir(parents=True)
    (path / "pyvenv.cfg").write_text("home = /usr/bin\n")


@pytest.mark.parametrize("make", [a_file, a_link, a_folder, an_environment_of_the_users_own])
def test_what_is_not_ours_is_left_as_it_is(
    make: Callable[[Path, Path], None], steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    a_folder(elsewhere, elsewhere)
    make(tmp_path / "venv", elsewhere)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(venv.VenvError, match="is left as it is; move it away"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert sorted(tmp_path.rglob("*")) == before
    assert not steps


def test_an_empty_environment_that_someone_made_is_replaced(
    steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    run(PYTHON, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE


def deny(monkeypatch: pytest.MonkeyPatch, denied: Path) -> None:
    """Make `denied` look like another user's, also to root, who may run these tests."""
    access = os.access

    def check(path: str | Path, mode: int) -> bool:
        return Path(path) != denied and access(path, mode)

    monkeypatch.setattr(os, "access", check)


def test_in_a_folder_that_can_not_be_written_it_is_not_made(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, tmp_path)
    with pytest.raises(NotWritableError, match=r"/venv is not there, and .* can't be written"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert not steps


def test_one_that_is_not_up_to_date_there_is_said_to_be_one(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    deny(monkeypatch, tmp_path)
    with pytest.raises(NotWritableError, match=r"/venv is not up to date, and .* as its owner"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)


def in_a_closed_home(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a Python look like one in a folder that this user may not enter, also to root."""
    stat = Path.stat

    def closed(path: Path, **options: bool) -> os.stat_result:
        if path == python:
            raise PermissionError
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", closed)


@pytest.mark.parametrize("is_seen", [True, False])
def test_one_whose_python_this_user_may_not_start_is_not_called_out_of_date(
    is_seen: bool,
    steps: list[str],
    locks: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python = venv.get_or_create(tmp_path / "venv", base_python, locks)
    python.unlink()
    python.write_text("not for all to start")
    python.chmod(0o600)
    deny(monkeypatch, tmp_path)
    if not is_seen:
        in_a_closed_home(python, monkeypatch)
    message = r"/venv was made from the Python .*/bin/python, which user .* may not start; make"
    with pytest.raises(NotWritableError, match=message):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE


def test_one_whose_python_is_gone_is_its_owners_to_mend(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks).unlink()
    deny(monkeypatch, tmp_path)
    with pytest.raises(NotWritableError, match=r"/venv is not up to date, and .* as its owner"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE


def test_another_users_is_used_but_not_changed(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    deny(monkeypatch, tmp_path / "venv")
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    with pytest.raises(NotWritableError, match=r"(?s)is another user's .*`sudo rm -r"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == ["created", "first"]


def test_a_path_that_is_no_utf8_is_refused_and_named(locks: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff") / ".venv"
    folder.parent.mkdir()
    with pytest.raises(venv.VenvError, match="has bytes in its path that are no UTF-8"):
        venv.get_or_create(folder, base_python, locks)
    assert list(folder.parent.iterdir()) == []


# As they are in venv's and pip's scripts, with a space that makes pip quote them.
@pytest.mark.parametrize(
    "name", ["a:b", "a$HOME", "a $b", "$(c)", "a`b`", 'a"b', "a\nb", "a\tb", "a\\\\b"]
)
def test_a_path_with_which_scripts_do_not_run_is_refused(
    name: str, steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(venv.VenvError, match=r"has a '.*' in its path, .*; move this checkout"):
        venv.get_or_create(tmp_path / name / "venv", base_python, locks)
    assert not steps


@pytest.mark.parametrize("name", ["a b", "-a", "a%s", "a'b", "a\\b", "a*?[b]", "a;b&|#!", " {~} "])
def test_a_path_with_other_odd_characters_works(
    name: str, steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / name).mkdir()
    python = venv.get_or_create(tmp_path / name / "venv", base_python, locks)
    activated = run("sh", "-c", '. "$0" && python -c "print(1)"', f"{python.parent}/activate")
    assert activated.output == "1\n"
    assert steps == WHOLE


IN_UTF_8 = """
import sys
from pathlib import Path
from docker.host import venv
venv.get_or_create(Path(sys.argv[1]), lambda: "/nowhere/python", [Path("/nowhere/lock")])
"""


def test_what_is_utf8_is_said_of_the_path_itself_not_of_the_locale(tmp_path: Path) -> None:
    folder = tmp_path / "uml\u00e4ut" / "venv"
    folder.parent.mkdir()
    for variables in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}):
        done = run(sys.executable, "-c", IN_UTF_8, str(folder), variables=variables)
        assert "/nowhere/python does not run" in done.output
