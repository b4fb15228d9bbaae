"""Artifacts on disk, looked at with none of the product's own code: it may be what is at fault."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.campaigns.tries import FILES, LOST, Bench

SUMS = "SHA256SUMS"
STAGES = ("train", "quantize", "profile", "compare")
# What may lie in an artifacts folder beside the stages' own folders.
KNOWN = {
    *STAGES,
    "peers",
    "rehearse",
    "sweep",
    "history",
    ".cache",
    ".lock",
    ".vgg19-artifacts",
    ".gitignore",
}
KNOWN |= {f"{stage}-stock" for stage in ("quantize", "profile", "sweep")}

# By the path in a stage's folder, the sha256 of the file.
Snapshot = dict[str, str]


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def snapshot(folder: Path) -> Snapshot:
    """Return the sha256 of all files in a folder; empty if there is none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest(path) for path in files}


def snapshots(root: Path) -> dict[str, Snapshot]:
    """Return the snapshot of each stage's folder that is there."""
    return {stage: snapshot(root / stage) for stage in STAGES if (root / stage).is_dir()}


def why_not_whole(folder: Path) -> str:
    """Return what keeps a folder from being what its own list says; empty if nothing does."""
    files = snapshot(folder)
    if SUMS not in files:
        return f"{folder.name} has no {SUMS}" if files else f"{folder.name} is gone"
    rows = (line.partition("  ") for line in (folder / SUMS).read_text().splitlines())
    listed = {name: sum_of for sum_of, _, name in rows}
    present = {name: sum_of for name, sum_of in files.items() if name != SUMS}
    unlike = sorted(name for name in {*listed, *present} if listed.get(name) != present.get(name))
    return f"{folder.name}: {', '.join(unlike[:3])}" if unlike or not listed else ""


def is_put_aside(folder: Path) -> bool:
    """Return whether a folder is gone, but whole under a temporary name beside it.

    A process that is killed between two renames leaves it so; the next command must put it back.
    """
    aside = folder.parent.glob(f".{folder.name}.*")
    return not folder.exists() and any(not why_not_whole(path) for path in aside)


def judge_folders(
    bench: Bench,
    root: Path,
    before: dict[str, Snapshot],
    rewritten: Iterable[str] = (),
    at_once: bool = False,
) -> None:
    """Each stage's folder must be as before; those `rewritten` may be whole and new instead.

    `at_once` after a kill, before the next command, one may also be put aside.
    """
    for stage, old in before.items():
        if snapshot(root / stage) == old or (at_once and is_put_aside(root / stage)):
            continue
        broken = why_not_whole(root / stage)
        if broken:
            bench.fault(LOST, broken)
        elif stage not in rewritten:
            bench.fault(LOST, f"{stage} was changed by a run of another stage")


def judge_left_files(bench: Bench, root: Path, temporary: Path | None = None) -> None:
    """After the next command, no temporary folder may be left of a run that was ended."""
    left = sorted(path.name for path in root.iterdir() if path.name not in KNOWN)
    cache = root / ".cache"
    if cache.is_dir():
        left += [str(path.relative_to(root)) for path in cache.rglob(".*.new*")]
        left += [str(path.relative_to(root)) for path in cache.rglob(".*.old*")]
        left += [str(path.relative_to(root)) for path in cache.rglob(".*.gone*")]
    if temporary and temporary.is_dir():
        left += [f"in TMPDIR: {path.name}" for path in temporary.iterdir()]
    if left:
        bench.fault(FILES, ", ".join(left[:5]))


def copied(source: Path, folder: Path) -> Path:
    """Return a copy of artifacts that shares no file with them; root's for the stages' user."""
    shutil.copytree(source, folder, symlinks=True)
    if os.getuid() == 0:
        owner = source.stat()
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return folder
