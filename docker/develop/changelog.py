"""CHANGELOG.md: what is not released yet, and a release made of it."""

import re
from datetime import date

from stages.errors import InputCorruptError

HEADING = "## Unreleased\n"
RELEASED = re.compile(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", re.MULTILINE)


def released(text: str) -> list[str]:
    """Return the versions that have a section, newest first."""
    return RELEASED.findall(text)


def unreleased(text: str) -> str:
    """Return what the section "Unreleased" says, empty if it says nothing.

    Raises InputCorruptError if there is no such section, or more than one.
    """
    if text.count(HEADING) != 1:
        raise InputCorruptError(f"CHANGELOG.md must have one section `{HEADING.strip()}`; make it")
    return text.partition(HEADING)[2].partition("\n## ")[0].strip()


def with_release(text: str, version: str, day: date) -> str:
    """Return the text with what is unreleased as the section of a version, and none unreleased."""
    return text.replace(HEADING, f"{HEADING}\n## {version} - {day.isoformat()}\n")
