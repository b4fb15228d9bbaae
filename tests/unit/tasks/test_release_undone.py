"""A release that does not come to its end leaves everything as it was."""

import os
from pathlib import Path

import pytest

from docker.develop import release
from stages.errors import StageError
from tests.unit.tasks.repository import DAY, commit, git, locking, state

# Asks this process, once, to end, and lets git go on for a while.
INTERRUPTING = f"""#!/bin/sh
case $0 in *transaction) grep -q refs/tags || exit 0;; esac
mkdir .git/interrupted 2>/dev/null || exit 0
kill -INT {os.getpid()}
sleep 0.1
"""


def add_hook(root: Path, name: str, script: str) -> None:
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def test_a_release_that_fails_leaves_the_tree_as_it_was(repository: Path) -> None:
    def lock_and_fail() -> None:
        locking(repository)()
        raise StageError("no engine answers; start one")

    before = state(repository)
    planned = release.plan("0.2.0", DAY, repository)
    with pytest.raises(StageError, match="no engine answers"):
        release.carry_out(planned, lock_and_fail, repository)
    assert state(repository) == before


def test_a_tag_that_git_refuses_leaves_no_commit(repository: Path) -> None:
    git(repository, "config", "tag.gpgSign", "true")
    git(repository, "config", "gpg.program", "false")
    planned = release.plan("0.2.0", DAY, repository)
    before = state(repository)
    with pytest.raises(StageError, match="git tag failed"):
        release.carry_out(planned, locking(repository), repository)
    assert state(repository) == before


@pytest.mark.parametrize("hook", ["pre-commit", "post-commit", "reference-transaction"])
def test_an_interruption_at_any_step_leaves_all_as_it_was(repository: Path, hook: str) -> None:
    planned = release.plan("0.2.0", DAY, repository)
    before = state(repository)
    add_hook(repository, hook, INTERRUPTING)
    with pytest.raises(KeyboardInterrupt):
        release.carry_out(planned, locking(repository), repository)
    (repository / ".git" / "hooks" / hook).unlink()
    assert state(repository) == before
    git(repository, "add", "--all")  # no lock of git is left


def test_what_was_committed_on_top_meanwhile_is_not_taken_back(repository: Path) -> None:
    def lock_and_commit() -> None:
        commit(repository, {"README.md": "committed while the images are built\n"})
        raise StageError("the engine is gone")

    planned = release.plan("0.2.0", DAY, repository)
    with pytest.raises(StageError, match="the engine is gone"):
        release.carry_out(planned, lock_and_commit, repository)
    assert git(repository, "show", "HEAD:README.md") == "committed while the images are built"


def test_a_release_that_can_not_be_taken_back_says_so(repository: Path) -> None:
    def lock_and_fail() -> None:
        (repository / ".git" / "index.lock").touch()
        raise StageError("no engine answers")

    planned = release.plan("0.2.0", DAY, repository)
    with pytest.raises(
        StageError, match=r"failed \(no engine answers\) and can't be taken back: git"
    ):
        release.carry_out(planned, lock_and_fail, repository)


def test_what_someone_edits_meanwhile_is_neither_lost_nor_released(repository: Path) -> None:
    def lock_and_fail() -> None:
        (repository / "README.md").write_text("edited while the images are built\n")
        raise StageError("the engine is gone")

    planned = release.plan("0.2.0", DAY, repository)
    with pytest.raises(StageError, match="the engine is gone"):
        release.carry_out(planned, lock_and_fail, repository)
    assert (repository / "README.md").read_text() == "edited while the images are built\n"
