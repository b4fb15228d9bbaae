"""A small repository that a release can be made of; the images are not locked for real."""

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

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


def commit(root: Path, files: dict[str, str] | None = None) -> None:
    write(root, files or {})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Change")


def locking(root: Path) -> Callable[[], None]:
    """Stand in for the lock of the images: a layer has other files, and another is new."""
    changed = {"docker/images.lock": '{"images": {}}\n', "docker/listings/app.xz": "more\n"}
    return lambda: write(root, changed)
