"""`invoke release`, on a small repository; the images are not locked for real."""

import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from docker.develop import changelog, release
from docker.paths import ROOT
from stages.errors import InputCorruptError, StageError

DAY = date(2030, 1, 2)
CHANGELOG = """\
# Changelog

## Unreleased

- It is faster.

## 0.1.0 - 2029-12-31

- First version.
"""
FILES = {
    "stages/__init__.py": '"""Stages."""\n\n__version__ = "0.1.0"\n',
    "CHANGELOG.md": CHANGELOG,
    "docker/images.lock": "{}\n",
    "docker/listings/base.xz": "files\n",
}
# Asks this process, once, to end, and lets git go on for a while.
INTERRUPTING = f"""#!/bin/sh
case $0 in *transaction) grep -q refs/tags || exit 0;; esac
mkdir .git/interrupted 2>/dev/null || exit 0
kill -INT {os.getpid()}
sleep 0.1
"""


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def state(root: Path) -> tuple[str, ...]:
    asked = (["status", "--porcelain"], ["rev-parse", "HEAD"], ["tag", "--list"])
    return tuple(git(root, *arguments) for arguments in asked)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A hook of git, which may have started this, names the repository that it is for.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "repository"
    write(root, FILES)
    git(root, "init", "--quiet")
    git(root, "config", "--global", "user.name", "A Maintainer")
    git(root, "config", "--global", "user.email", "maintainer@example.org")
    commit(root)
    return root


def commit(root: Path, files: dict[str, str] | None = None) -> None:
    write(root, files or {})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Change")


def add_hook(root: Path, name: str, script: str) -> None:
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def locking(root: Path) -> Callable[[], None]:
    """Stand in for the lock of the images: a layer has other files, and another is new."""
    changed = {"docker/images.lock": '{"images": {}}\n', "docker/listings/app.xz": "more\n"}
    return lambda: write(root, changed)


def test_a_release_is_one_commit_with_version_changelog_and_locked_images(repository: Path) -> None:
    planned = release.plan("0.2.0", DAY, repository)
    release.carry_out(planned, locking(repository), repository)
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "log", "-1", "--format=%s") == "Release 0.2.0"
    assert git(repository, "rev-parse", "v0.2.0^{commit}") == git(repository, "rev-parse", "HEAD")
    changed = git(repository, "show", "--format=", "--name-only").splitlines()
    assert changed == [
        "CHANGELOG.md",
        "docker/images.lock",
        "docker/listings/app.xz",
        "stages/__init__.py",
    ]
    assert (repository / "stages/__init__.py").read_text().endswith('__version__ = "0.2.0"\n')
    text = (repository / "CHANGELOG.md").read_text()
    assert "## Unreleased\n\n## 0.2.0 - 2030-01-02\n\n- It is faster.\n\n## 0.1.0" in text


def test_the_version_that_the_source_already_names_can_be_the_first_release(
    repository: Path,
) -> None:
    commit(repository, {"CHANGELOG.md": CHANGELOG.partition("\n## 0.1.0")[0]})
    release.carry_out(release.plan("0.1.0", DAY, repository), lambda: None, repository)
    assert git(repository, "tag", "--list") == "v0.1.0"


def test_what_would_be_done_is_shown_and_changes_nothing(repository: Path) -> None:
    before = state(repository)
    shown = release.describe(release.plan("0.2.0", DAY, repository), repository)
    assert state(repository) == before
    assert '-__version__ = "0.1.0"\n+__version__ = "0.2.0"\n' in shown
    assert "+## 0.2.0 - 2030-01-02\n" in shown
    assert shown.splitlines()[-1] == "release: tag that commit v0.2.0"


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("0.1.0", "0.1.0 is not newer than 0.1.0"),
        ("0.0.9", "0.0.9 is not newer than 0.1.0"),
        ("0.2", "'0.2' is no version"),
        ("v0.2.0", "'v0.2.0' is no version"),
        ("0.01.0", r"'0\.01\.0' is no version"),
        ("00.2.0", "is no version"),
        ("\u0663.0.0", "is no version"),
        ("0.2.0\n", "is no version"),
        ("0.2.-1", "is no version"),
        ("0.2." + 5000 * "9", "is no version"),
        ("", "'' is no version"),
    ],
)
def test_a_version_that_is_not_newer_is_refused(
    repository: Path, version: str, reason: str
) -> None:
    with pytest.raises(StageError, match=reason):
        release.plan(version, DAY, repository)


def test_ten_is_newer_than_nine(repository: Path) -> None:
    git(repository, "tag", "v0.9.0")
    assert release.plan("0.10.0", DAY, repository).tag == "v0.10.0"


def test_a_version_older_than_what_the_source_names_is_refused(repository: Path) -> None:
    commit(repository, {"stages/__init__.py": '__version__ = "0.3.0"\n'})
    with pytest.raises(StageError, match=r"0\.2\.0 is older than 0\.3\.0"):
        release.plan("0.2.0", DAY, repository)


def test_a_tag_that_is_there_is_refused(repository: Path) -> None:
    git(repository, "tag", "v0.2.0")
    with pytest.raises(StageError, match=r"the tag v0\.2\.0 is there already"):
        release.plan("0.2.0", DAY, repository)


def test_a_tree_with_changes_is_refused(repository: Path) -> None:
    write(repository, {"stages/new.py": ""})
    with pytest.raises(StageError, match="the tree has changes"):
        release.plan("0.2.0", DAY, repository)


def test_nothing_to_release_is_refused(repository: Path) -> None:
    commit(repository, {"CHANGELOG.md": CHANGELOG.replace("- It is faster.\n", "")})
    with pytest.raises(StageError, match="nothing is unreleased"):
        release.plan("0.2.0", DAY, repository)


def test_a_changelog_without_its_section_is_refused(repository: Path) -> None:
    commit(repository, {"CHANGELOG.md": "# Changelog\n"})
    with pytest.raises(InputCorruptError, match="one section `## Unreleased`"):
        release.plan("0.2.0", DAY, repository)


def test_outside_a_clone_no_release_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(StageError, match="git status failed"):
        release.plan("0.2.0", DAY, tmp_path)


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


@pytest.mark.parametrize("line", ["", '__version__ = "next"\n', 2 * '__version__ = "0.1.0"\n'])
def test_a_source_that_names_no_version_is_refused(repository: Path, line: str) -> None:
    commit(repository, {"stages/__init__.py": line})
    with pytest.raises(StageError, match="must have one line"):
        release.plan("0.2.0", DAY, repository)


def test_without_git_no_release_is_made(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StageError, match="git is missing"):
        release.plan("0.2.0", DAY, repository)


def test_this_checkout_has_the_version_and_the_changelog_that_a_release_writes() -> None:
    assert len(release.VERSION_LINE.findall((ROOT / release.VERSION_FILE).read_text())) == 1
    text = (ROOT / release.CHANGELOG).read_text()
    assert changelog.unreleased(text) or changelog.released(text)


def test_what_someone_edits_meanwhile_is_neither_lost_nor_released(repository: Path) -> None:
    def lock_and_fail() -> None:
        (repository / "README.md").write_text("edited while the images are built\n")
        raise StageError("the engine is gone")

    planned = release.plan("0.2.0", DAY, repository)
    with pytest.raises(StageError, match="the engine is gone"):
        release.carry_out(planned, lock_and_fail, repository)
    assert (repository / "README.md").read_text() == "edited while the images are built\n"
