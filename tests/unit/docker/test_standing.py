"""A file on a command line is the one that the user means, from wherever the tasks are started."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docker import standing
from docker.standing import from_here
from stages.errors import InputMissingError, NotWritableError
from tests.commands import ROOT, Done, run

# As bootstrap.py is on a machine that lacks nothing, but with this Python's packages.
BOOTSTRAP = f"""
import runpy, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from docker.host import launcher, setup, venv
setup.plan_setup = setup.plan_base_image = lambda *_: setup.SetupPlan()
venv.get_or_create = lambda *_: Path(sys.executable)
launcher.write = lambda _: None
sys.argv = ["bootstrap.py", *sys.argv[1:]]
runpy.run_path({str(ROOT / "bootstrap.py")!r}, run_name="__main__")
"""


def by_bootstrap(folder: Path, *words: str) -> Done:
    return run(sys.executable, "-E", "-c", BOOTSTRAP, *words, cwd=folder)


def by_invoke(folder: Path, *words: str) -> Done:
    search = f"--search-root={ROOT}"
    return run(sys.executable, "-m", "invoke", search, *words, cwd=folder)


WAYS = pytest.mark.parametrize("way", [by_bootstrap, by_invoke])


@WAYS
def test_a_bundle_is_the_one_beside_the_user(way: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "within").mkdir()
    (tmp_path / "it.tar").write_text("another file")
    done = way(tmp_path / "within", "verify", "../it.tar")
    assert f"{tmp_path}/it.tar is no bundle" in done.output
    done = way(tmp_path / "within", "verify", "it.tar")
    assert done.code == InputMissingError.exit_code
    assert f"{tmp_path}/within/it.tar is missing" in done.output


@WAYS
@pytest.mark.parametrize("task", ["bundle", "export"])
def test_a_file_is_written_beside_the_user(
    way: Callable[..., Done], task: str, tmp_path: Path
) -> None:
    (tmp_path / "a-folder").mkdir()
    done = way(tmp_path, task, "--output", "a-folder")
    assert done.code == NotWritableError.exit_code
    assert f"{tmp_path}/a-folder is a folder; give the name of a file" in done.output


@WAYS
def test_the_artifacts_of_a_flag_are_beside_the_user(
    way: Callable[..., Done], tmp_path: Path
) -> None:
    done = way(tmp_path, "history", "--artifacts", "mine")
    assert f"{tmp_path}/mine is no folder; run the pipeline first" in done.output, done


def test_a_link_stays_one_and_the_dots_before_it_go(tmp_path: Path) -> None:
    (tmp_path / "within").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    assert from_here("../link", tmp_path / "within") == tmp_path / "link"
    assert from_here("/else/where", tmp_path) == Path("/else/where")


def test_no_child_hears_where_the_user_was() -> None:
    environ = {standing.VARIABLE: "/there", "A": "b"}
    assert standing._take(environ) == Path("/there")
    assert environ == {"A": "b"}


def test_a_folder_that_is_gone_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    assert standing._take({}) == ROOT
