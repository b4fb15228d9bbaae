import os
import subprocess
from pathlib import Path

import pytest

from docker.host import git


def clone(folder: Path) -> str:
    """Make a repository with one commit; return its name."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "-mx"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    named = ["git", "rev-parse", "HEAD"]
    return subprocess.run(named, cwd=folder, capture_output=True, text=True).stdout.strip()


def test_another_users_clone_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = clone(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    by_itself = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True)
    assert b"dubious ownership" in by_itself.stderr
    assert git.ask(tmp_path, "rev-parse", "HEAD") == f"{commit}\n"


def test_what_a_clone_would_run_is_not_run(tmp_path: Path) -> None:
    clone(tmp_path)
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    configure = ["git", "config", "core.fsmonitor", str(hook)]
    subprocess.run(configure, cwd=tmp_path, check=True)
    assert git.ask(tmp_path, "ls-files", "--others") == "hook\n"
    assert not (tmp_path / "ran").exists()


def test_outside_a_clone_and_without_git_there_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    assert git.ask(tmp_path, "rev-parse", "HEAD") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git.ask(tmp_path, "rev-parse", "HEAD") is None
