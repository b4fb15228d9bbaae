"""The version, where people ask for it."""

import sys

import pytest

from stages import __version__
from tests.commands import invoke, run


def test_a_task_prints_the_version() -> None:
    assert invoke("version").output == f"{__version__}\n"


def test_bootstrap_has_the_version() -> None:
    assert run("./bootstrap.py", "--version").output == f"bootstrap.py {__version__}\n"


@pytest.mark.parametrize("program", ["train", "doctor"])
def test_a_program_has_the_version(program: str) -> None:
    done = run(sys.executable, "-m", f"stages.{program}", "--version")
    assert (done.code, done.output) == (0, f"python -m stages.{program} {__version__}\n")
