"""Print as JSON which packages an image has. It runs in the image: standard library only.

Each has a kind (deb or pypi), name, version, and the licence that its own metadata names.
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
# In characters; a longer field holds the licence's text, not its name.
MAX_NAME_LENGTH = 80


def packages(root: Path = Path("/")) -> Iterator[dict[str, str]]:
    """Yield all packages of the file system `root`."""
    yield from _debian_packages(root)
    environments = root / ENVIRONMENTS.relative_to("/")
    paths = [str(path) for path in environments.glob("*/lib/python*/site-packages")]
    for package in metadata.distributions(path=paths):
        licence = _licence_in_metadata(package.metadata)
        yield _row("pypi", package.metadata["Name"], package.version, licence)


def _debian_packages(root: Path) -> Iterator[dict[str, str]]:
    listed = root / DEBIAN.relative_to("/")
    for line in listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []:
        name, version, sha256 = line.split()
        document = root / DOCUMENTS.relative_to("/") / name / "copyright"
        yield _row("deb", name, version, _licences_in_document(document)) | {"sha256": sha256}


def _row(kind: str, name: str, version: str, licence: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "version": version, "licence": licence}


def _licences_in_document(path: Path) -> str:
    """Return the licences that a Debian copyright file names, if it is machine-readable."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    names = re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE)
    return ", ".join(sorted(set(names))) or UNKNOWN


def _licence_in_metadata(fields: "metadata.PackageMetadata") -> str:
    """Return the licence from its expression, else from its name, else from the classifiers."""
    expression = fields.get_all("License-Expression", [""])[0]
    name = fields.get_all("License", [""])[0].strip()
    if len(name) > MAX_NAME_LENGTH or "\n" in name or name.upper() == UNKNOWN.upper():
        name = ""
    matches = [CLASSIFIER.match(classifier) for classifier in fields.get_all("Classifier", [])]
    classified = [match[1] for match in matches if match and match[1] != "OSI Approved"]
    return expression or name or ", ".join(classified) or UNKNOWN


def _order(row: dict[str, str]) -> tuple[str, str]:
    return row["kind"], row["name"].lower()


if __name__ == "__main__":
    print(json.dumps(sorted(packages(), key=_order)))
