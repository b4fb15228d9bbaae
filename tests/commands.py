"""Run this project's commands, as a user would, and look at what comes back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What of it a copy takes in which tasks and tests can run.
TREE = ("stages", "deploy", "docker", "tests", "tasks.py", "compose.yaml", "pyproject.toml")
IGNORED = shutil.ignore_patterns("__pycache__", "listings", ".venv*")


def run(*command: str, variables: Mapping[str, str] | None = None, cwd: Path = ROOT) -> "Done":
    environment = {**os.environ, **(variables or {})}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return Done(done.returncode, done.stdout)


def invoke(*arguments: str, variables: Mapping[str, str] | None = None) -> "Done":
    return run(sys.executable, "-m", "invoke", *arguments, variables=variables)


def start_invoke(*arguments: str, variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a task whose container says when it has begun, and return when it has."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert "begun\n" in iter(process.stdout.readline, "")
    return process


def copy_tree(folder: Path) -> Path:
    """Copy the source to a folder, which may be there, and return that."""
    folder.mkdir(exist_ok=True)
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def run_in(tree: Path, *arguments: str) -> "Done":
    """Run this Python on a copy of the source."""
    return run(sys.executable, *arguments, variables={"PYTHONPATH": str(tree)}, cwd=tree)


class Done:
    """A command that ended: its exit code and all that it printed."""

    def __init__(self, code: int, output: str) -> None:
        self.code, self.output = code, output

    @property
    def error_lines(self) -> list[str]:
        return [line for line in self.output.splitlines() if ": error: " in line]

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.output[-4000:]}"
