"""A release: what must be so before it, what it writes, its commit and its tag."""

import difflib
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from docker.develop import changelog
from docker.host.environment import child_environment
from docker.paths import IMAGES_LOCK, LISTINGS, ROOT
from stages.errors import StageError
from stages.setting.suggestion import quoted

VERSION_LINE = re.compile(r'^__version__ = "([^"]*)"$', re.MULTILINE)
VERSION_FILE, CHANGELOG = "stages/__init__.py", "CHANGELOG.md"
LOCKED = tuple(path.relative_to(ROOT).as_posix() for path in (IMAGES_LOCK, LISTINGS))


@dataclass(frozen=True, slots=True)
class Release:
    """A version, and the new text of each file that names it, by its path in the checkout."""

    version: str
    texts: dict[str, str]

    @property
    def tag(self) -> str:
        """The tag that names the release's commit."""
        return f"v{self.version}"


def plan(version: str, day: date, root: Path = ROOT) -> Release:
    """Return the release of what is committed at `root`; nothing is changed.

    Raises StageError if the tree has changes, the version is malformed or not newer than all
    that were released, the tag is there, or nothing is unreleased.
    """
    if _git(root, "status", "--porcelain"):
        raise StageError("the tree has changes that no commit has; commit or remove them")
    texts = {path: (root / path).read_text(encoding="utf-8") for path in (VERSION_FILE, CHANGELOG)}
    _require_newer(version, texts, _git(root, "tag", "--list").split())
    if not changelog.unreleased(texts[CHANGELOG]):
        raise StageError(f"nothing is unreleased; say in {CHANGELOG} what a user will notice")
    line = f'__version__ = "{version}"'
    return Release(
        version,
        {
            VERSION_FILE: VERSION_LINE.sub(line, texts[VERSION_FILE]),
            CHANGELOG: changelog.with_release(texts[CHANGELOG], version, day),
        },
    )


def describe(release: Release, root: Path = ROOT) -> str:
    """Return what the release changes: a diff of its files, then its steps, one a line."""
    lines = [
        line
        for path, text in release.texts.items()
        for line in difflib.unified_diff(
            (root / path).read_text(encoding="utf-8").splitlines(),
            text.splitlines(),
            path,
            path,
            lineterm="",
            n=1,
        )
    ]
    steps = [
        f"lock the images: {', '.join(LOCKED)}",
        f'commit all of it as "{_subject(release)}"',
        f"tag that commit {release.tag}",
    ]
    return "".join(f"{line}\n" for line in [*lines, *(f"release: {step}" for step in steps)])


def carry_out(release: Release, lock_images: Callable[[], None], root: Path = ROOT) -> None:
    """Write the release's files, lock the images, commit and tag.

    If that fails or is interrupted, tree, branch and tags are as they were. Raises StageError if
    git refuses.
    """
    paths = [*release.texts, *LOCKED]
    with _undone_on_failure(root, release, paths):
        for path, text in release.texts.items():
            (root / path).write_text(text, encoding="utf-8")
        lock_images()
        _git(root, "add", "--", *paths)
        _git(root, "commit", "--quiet", f"--message={_subject(release)}", "--", *paths)
        _git(root, "tag", "--annotate", f"--message={_subject(release)}", release.tag)


def _require_newer(version: str, texts: dict[str, str], tags: list[str]) -> None:
    if not changelog.VERSION.fullmatch(version):
        raise StageError(f"{quoted(version)} is no version; give three plain numbers, as 1.2.3")
    if f"v{version}" in tags:
        raise StageError(f"the tag v{version} is there already; give a newer version")
    tagged = [
        tag[1:] for tag in tags if tag.startswith("v") and changelog.VERSION.fullmatch(tag[1:])
    ]
    newest = max([*tagged, *changelog.released(texts[CHANGELOG])], key=_numbers, default="")
    if newest and _numbers(version) <= _numbers(newest):
        raise StageError(f"{version} is not newer than {newest}, which is released")
    current = _version_of(texts[VERSION_FILE])
    if _numbers(version) < _numbers(current):
        raise StageError(f"{version} is older than {current}, which {VERSION_FILE} names")


def _version_of(text: str) -> str:
    versions: list[str] = VERSION_LINE.findall(text)
    if len(versions) != 1 or not changelog.VERSION.fullmatch(versions[0]):
        raise StageError(f'{VERSION_FILE} must have one line `__version__ = "1.2.3"`; correct it')
    return versions[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _subject(release: Release) -> str:
    return f"Release {release.version}"


@contextmanager
def _undone_on_failure(root: Path, release: Release, paths: Sequence[str]) -> Iterator[None]:
    """Take back all that was done if it is not done to its end, an interruption among the reasons.

    plan() found the paths as the last commit has them; what else someone edits meanwhile stays.
    Raises StageError if that fails, too.
    """
    before = _git(root, "rev-parse", "HEAD").strip()
    try:
        yield
    except BaseException as failure:
        try:
            _take_back(root, release, paths, before)
        except StageError as error:
            raise StageError(
                f"the release failed ({failure or type(failure).__name__}) and can't be taken "
                f"back: {error}; `git status` and `git log` show what is left of it"
            ) from failure
        raise


def _take_back(root: Path, release: Release, paths: Sequence[str], before: str) -> None:
    now = _git(root, "rev-parse", "HEAD").strip()
    if now != before and _git(root, "log", "-1", "--format=%P %s").strip() == (
        f"{before} {_subject(release)}"
    ):
        # A tag is the last step: if there is one, an interruption came after it.
        if _git(root, "tag", "--list", release.tag, f"--points-at={now}"):
            _git(root, "tag", "--delete", release.tag)
        _git(root, "update-ref", f"-m=Take back {_subject(release)}", "HEAD", before, now)
    _git(root, "restore", "--quiet", "--staged", "--worktree", "--", *paths)
    _git(root, "clean", "--quiet", "--force", "-d", "--", *LOCKED)


def _git(root: Path, *arguments: str) -> str:
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=root,
            env=child_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise StageError("git is missing; install it") from None
    try:
        output, errors = process.communicate()
    except BaseException:
        process.communicate()  # killed, it would leave its locks, and nothing could be taken back
        raise
    if process.returncode != 0:
        raise StageError(f"git {arguments[0]} failed ({errors.strip()}); see to that first")
    return output
