"""`invoke release`: what is released, and what is refused."""

from pathlib import Path

import pytest

from docker.develop import changelog, release
from docker.paths import ROOT
from stages.errors import InputCorruptError, StageError
from tests.unit.tasks.repository import CHANGELOG, DAY, commit, git, locking, state, write


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
