"""A small database of advisories, in the form of PyPA's."""

from pathlib import Path
from typing import Any

import yaml


def advisory(name: str, package: str, events: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    """Return an advisory of the versions of a package that a range has."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    times = {"modified": "2024-05-06T07:08:09.5Z", "published": "2024-05-06T07:08:09Z"}
    return {"id": name, "details": "It breaks.", **times, "affected": [affected], **more}


def write_database(folder: Path, *advisories: dict[str, Any]) -> Path:
    """Write the advisories as PyPA has them, and return the folder."""
    for content in advisories:
        package = content["affected"][0]["package"]["name"]
        path = folder / "vulns" / package.lower() / f"{content['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    return folder
