"""A release: what must be so before it, what it writes, its commit and its tag."""

import difflib
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from docker.develop import changelog
from docker.paths import IMAGES_LOCK, LISTINGS, ROOT
from stages.errors import StageError

VERSION = re.compile(r"\d+\.\d+\.\d+")
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
    texts = {path: (root / path).read_text() for path in (VERSION_FILE, CHANGELOG)}
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
            (root / path).read_text().splitlines(), text.splitlines(), path, path, lineterm="", n=1
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

    If that fails, the tree is as it was. Raises StageError if git refuses.
    """
    paths = [*release.texts, *LOCKED]
    with _restored_on_failure(root, paths):
        for path, text in release.texts.items():
            (root / path).write_text(text)
        lock_images()
        _git(root, "add", "--", *paths)
        _git(root, "commit", "--quiet", f"--message={_subject(release)}", "--", *paths)
    _git(root, "tag", "--annotate", f"--message={_subject(release)}", release.tag)


def _require_newer(version: str, texts: dict[str, str], tags: list[str]) -> None:
    if not VERSION.fullmatch(version):
        raise StageError(f"{version!r} is no version; give three numbers, as 1.2.3")
    if f"v{version}" in tags:
        raise StageError(f"the tag v{version} is there already; give a newer version")
    tagged = [tag[1:] for tag in tags if tag.startswith("v") and VERSION.fullmatch(tag[1:])]
    newest = max([*tagged, *changelog.released(texts[CHANGELOG])], key=_numbers, default="")
    if newest and _numbers(version) <= _numbers(newest):
        raise StageError(f"{version} is not newer than {newest}, which is released")
    (current,) = VERSION_LINE.findall(texts[VERSION_FILE])
    if _numbers(version) < _numbers(current):
        raise StageError(f"{version} is older than {current}, which {VERSION_FILE} names")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _subject(release: Release) -> str:
    return f"Release {release.version}"


@contextmanager
def _restored_on_failure(root: Path, paths: Sequence[str]) -> Iterator[None]:
    """Bring these paths back to the commit's if what is done fails; plan() found them so."""
    try:
        yield
    except BaseException:
        _git(root, "restore", "--quiet", "--staged", "--worktree", "--", *paths)
        _git(root, "clean", "--quiet", "--force", "-d", "--", *LOCKED)
        raise


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], stdin=subprocess.DEVNULL, cwd=root, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise StageError(f"git {arguments[0]} failed ({done.stderr.strip()}); see to that first")
    return done.stdout
