"""CHANGELOG.md: what is not released yet, and a release made of it."""

import re
from datetime import date

from stages.errors import InputCorruptError

HEADING = "## Unreleased\n"
# A version as Semantic Versioning has it: plain digits, and no zero before them.
NUMBER = "(?:0|[1-9][0-9]{0,8})"
VERSION = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}")
RELEASED = re.compile(rf"^## ({VERSION.pattern}) - [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$", re.MULTILINE)


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
