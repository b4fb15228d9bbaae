"""The way in, called in other ways and places than one would think."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages import __version__
from stages.errors import SettingsError
from tests.commands import ROOT, run

BOOTSTRAP = str(ROOT / "bootstrap.py")
ANSWER = f"bootstrap.py {__version__}\n"


@pytest.mark.parametrize("options", [["-I"], ["-OO"], ["-W", "error"], ["-S"]])
def test_it_runs_with_any_option_of_python(options: list[str]) -> None:
    assert run(sys.executable, *options, BOOTSTRAP, "--version").output == ANSWER


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_hands_it_to_python(shell: str, tmp_path: Path) -> None:
    assert run(shell, BOOTSTRAP, "--version", cwd=tmp_path).output == ANSWER


def test_it_runs_from_elsewhere_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "way-in").symlink_to(BOOTSTRAP)
    assert run(sys.executable, "./way-in", "--version", cwd=tmp_path).output == ANSWER


def test_it_runs_without_any_variable() -> None:
    command = ["env", "-i", sys.executable, BOOTSTRAP, "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == ANSWER


@pytest.mark.parametrize("module", ["argparse", "json", "shlex", "subprocess", "docker", "stages"])
def test_no_variable_puts_another_module_in_its_place(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise SystemExit('another')")
    variables = {"PYTHONPATH": str(tmp_path), "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"}
    assert run(sys.executable, BOOTSTRAP, "--version", variables=variables).output == ANSWER


def test_its_tasks_are_these_whatever_invoke_is_set_to(tmp_path: Path) -> None:
    settings = "tasks:\n  collection_name: other\nrun:\n  dry: true\n"
    (tmp_path / ".invoke.yaml").write_text(settings)
    variables = {**os.environ, "HOME": str(tmp_path)}
    done = run(sys.executable, "-m", "docker.own_invoke", "version", variables=variables)
    assert (done.code, done.output) == (0, f"{__version__}\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the way in needs, which nothing was compiled in yet."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("docker", "stages"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(BOOTSTRAP, tmp_path)
    return tmp_path


def answer_in(checkout: Path) -> str:
    writing = ["env", "-u", "PYTHONDONTWRITEBYTECODE", sys.executable]
    return run(*writing, str(checkout / "bootstrap.py"), "--version").output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves what its owner can't remove")
def test_root_leaves_nothing_in_anothers_checkout(checkout: Path) -> None:
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 4_000_123, 4_000_123)
    assert answer_in(checkout) == ANSWER
    assert [path for path in checkout.rglob("*") if path.stat().st_uid == 0] == []


def test_a_checkout_that_is_not_whole_is_named(checkout: Path) -> None:
    (checkout / "docker" / "host" / "venv.py").unlink()
    output = answer_in(checkout)
    assert output.startswith("bootstrap: error: this checkout is not whole, ")
    assert output.count("\n") == 1


WITHOUT_TASKS = """
import os, runpy, shutil, sys
sys.argv = ["bootstrap.py", "--no-engine", "version"]
from docker.host import setup
setup.plan_setup = lambda *_: sys.exit(f"sh is {shutil.which('sh')}")
runpy.run_path("bootstrap.py", run_name="__main__")
"""


def test_an_empty_search_path_is_as_none() -> None:
    done = run(sys.executable, "-E", "-c", WITHOUT_TASKS, variables={"PATH": ""})
    assert done.output.rstrip().endswith("/sh")


EARLY = """
import os, runpy, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)  # which so waits, as one that comes in its imports
sys.argv = ["bootstrap.py", "--no-engine", "version"]
runpy.run_path("bootstrap.py", run_name="__main__")
"""


def test_ctrl_c_in_its_imports_is_said_in_one_line() -> None:
    done = run(sys.executable, "-c", EARLY)
    assert done.code == 130
    assert done.output == "bootstrap: interrupted; finished artifacts are whole\n"


def test_it_blocks_what_would_meet_it_in_its_imports() -> None:
    source = (ROOT / "bootstrap.py").read_text()
    blocking = source.index("signal.pthread_sigmask(")
    assert "import" not in source[blocking : source.index("if sys.version_info")]
    assert blocking < source.index("import argparse")


def test_no_engine_is_heeded_behind_a_task_too() -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); import bootstrap; "
        "it = bootstrap._parse(['version', '--no-engine']); print(it.task, it.engine)"
    )
    assert run(sys.executable, "-E", "-c", code).output == "['version'] False\n"


@pytest.mark.parametrize("flag", ["--no-engin", "--ye"])
def test_a_flag_that_was_cut_off_is_none(flag: str) -> None:
    done = run(sys.executable, "-E", str(ROOT / "bootstrap.py"), flag, "version")
    assert done.code == SettingsError.exit_code
    assert f"there is no flag '{flag}' (did you mean {flag}" in done.output


IN_ORDER = """
import runpy, sys
from pathlib import Path
sys.argv = ["bootstrap.py", "--yes", "doctor"]
from docker.host import launcher, setup, venv
setup.plan_setup = lambda asked, creates_venv: print("plan", asked.task)
setup.carry_out = lambda plan, assume_yes: print("carry out")
venv.get_or_create = lambda *_: print("environment") or Path("/python")
launcher.write = lambda _: None
setup.plan_base_image = lambda asked, python: sys.exit(f"base image by {python}")
runpy.run_path("bootstrap.py", run_name="__main__")
"""


def test_the_base_images_tools_come_when_the_engine_can_be_asked() -> None:
    lines = run(sys.executable, "-E", "-c", IN_ORDER).output.splitlines()
    assert lines == ["plan doctor", "carry out", "environment", "base image by /python"]
