"""Prints as JSON which packages an image has; run in it, so standard library only.

For each its kind (deb or pypi), name, version, and licence as its own metadata tells it.
"""

import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ENVIRONMENTS = Path("/opt")
DEBIAN = Path("/usr/share/base/packages")
DOCUMENTS = Path("/usr/share/doc")
CLASSIFIER = re.compile(r"^License :: (?:OSI Approved :: )?(.+)$")
UNKNOWN = "unknown"
# A longer one is the licence's text, not its name.
LONGEST_NAME = 80


def packages(root: Path = Path("/")) -> Iterator[dict[str, str]]:
    """Return all packages of the file system `root`."""
    listed = root / DEBIAN.relative_to("/")
    for line in listed.read_text().splitlines() if listed.is_file() else []:
        name, version, sha256 = line.split()
        document = root / DOCUMENTS.relative_to("/") / name / "copyright"
        yield _row("deb", name, version, _of_document(document)) | {"sha256": sha256}
    environments = root / ENVIRONMENTS.relative_to("/")
    paths = [str(each) for each in environments.glob("*/lib/python*/site-packages")]
    for found in metadata.distributions(path=paths):
        yield _row("pypi", found.metadata["Name"], found.version, _of_metadata(found.metadata))


def _row(kind: str, name: str, version: str, licence: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "version": version, "licence": licence}


def _of_document(path: Path) -> str:
    """Return the licences that a Debian copyright file names, if it is of the form that can."""
    text = path.read_text(errors="replace") if path.is_file() else ""
    named = re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE)
    return ", ".join(sorted(set(named))) or UNKNOWN


def _of_metadata(found: "metadata.PackageMetadata") -> str:
    expression, plain = (found.get_all(each, [""])[0] for each in ("License-Expression", "License"))
    classified = [CLASSIFIER.match(each) for each in found.get_all("Classifier", [])]
    names = [each[1] for each in classified if each and each[1] != "OSI Approved"]
    plain = plain.strip()
    if len(plain) > LONGEST_NAME or "\n" in plain or plain.upper() == UNKNOWN.upper():
        plain = ""
    return expression or plain or ", ".join(names) or UNKNOWN


if __name__ == "__main__":
    print(json.dumps(sorted(packages(), key=lambda each: (each["kind"], each["name"].lower()))))
