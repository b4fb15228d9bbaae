"""The way in, called in other ways and places than one would think."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages import __version__
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
