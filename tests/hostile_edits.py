"""Edits of the folder of a bundle, by someone who makes all hashes fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.files.checksums import CHECKSUMS, write_checksums
from tests.unit.evidence.parts import refit

Edit = Callable[[Path], None]


def summed(bundle: Path) -> None:
    (bundle / CHECKSUMS).unlink(missing_ok=True)
    write_checksums(bundle)


def always(content: bytes | None) -> Callable[[bytes], bytes | None]:
    return lambda _: content


def followed(text: bytes, line: bytes) -> bytes:
    return text + b"\n" + line


def led(text: bytes, lines: bytes) -> bytes:
    """Return an oneDNN log with other lines in place of its template."""
    return lines + text.replace(b"template", b"-")


def replacing(name: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits an artifact, and makes all hashes fit; None removes it."""

    def edit(bundle: Path) -> None:
        path = bundle / "artifacts" / name
        content = change(path.read_bytes())
        if content is None:
            path.unlink()
            stage = bundle / "artifacts" / name.partition("/")[0]
            (stage / CHECKSUMS).unlink()
            write_checksums(stage)
        else:
            path.write_bytes(content)
            refit(bundle, path)
        summed(bundle)

    return edit


def in_first(pattern: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits the first artifact that fits a pattern."""

    def edit(bundle: Path) -> None:
        path = min((bundle / "artifacts").glob(pattern))
        replacing(path.relative_to(bundle / "artifacts").as_posix(), change)(bundle)

    return edit


def in_list(name: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits a list of checksums; the bundle's own fits, unless it is that."""

    def edit(bundle: Path) -> None:
        path = bundle / name
        content = change(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)
        if name != CHECKSUMS:
            summed(bundle)

    return edit


def with_file(name: str, content: bytes | None) -> Edit:
    """Return what writes a file of a bundle, or removes it; the bundle's list fits."""

    def edit(bundle: Path) -> None:
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
        summed(bundle)

    return edit


def in_field(record: str, place: tuple[str | int, ...], value: str) -> Edit:
    """Return what writes a value, as JSON, at a place of a record."""

    def change(text: bytes) -> bytes:
        raw: Any = json.loads(text)
        *parents, last = place
        part = raw
        for key in parents:
            part = part[key]
        part[last] = "@value@"
        return json.dumps(raw).replace('"@value@"', value).encode()

    return replacing(record, change)


def swapped(bundle: Path) -> None:
    """Swap the two summaries."""
    folder = bundle / "artifacts" / "profile"
    texts = {name: (folder / name).read_bytes() for name in ("32.json", "8.json")}
    replacing("profile/8.json", lambda _: texts["32.json"])(bundle)
    replacing("profile/32.json", lambda _: texts["8.json"])(bundle)


def as_folder(name: str) -> Edit:
    """Return what puts a folder in the place of a file."""

    def edit(bundle: Path) -> None:
        (bundle / name).unlink()
        (bundle / name).mkdir()
        (bundle / name / "x").write_text("x")
        if name != CHECKSUMS:
            summed(bundle)

    return edit


def without_stage(stage: str) -> Edit:
    def edit(bundle: Path) -> None:
        for path in sorted((bundle / "artifacts" / stage).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        summed(bundle)

    return edit


def without_artifacts(bundle: Path) -> None:
    for stage in (bundle / "artifacts").iterdir():
        without_stage(stage.name)(bundle)
