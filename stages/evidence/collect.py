"""What of the artifacts goes into a bundle: all but models and images, which their hashes name."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from stages.artifacts import CHECKSUMS, Artifacts, verify
from stages.errors import InputMissingError
from stages.runtimes import RUNTIME_NAMES

# The folder within a bundle that has the stages' own.
WITHIN = "artifacts"


def folders(artifacts: Artifacts) -> list[Path]:
    """Return the stages' folders, in the order of the stages, whether they are there or not."""
    return [
        artifacts.train.path,
        *(artifacts.quantize(runtime).path for runtime in RUNTIME_NAMES),
        *(artifacts.profile(runtime).path for runtime in RUNTIME_NAMES),
        artifacts.compare.path,
        artifacts.peers.path,
    ]


def left_out(artifacts: Artifacts) -> list[Path]:
    """Return the folders of models and images."""
    train = artifacts.train
    return [
        train.model,
        train.test.parent,
        *(artifacts.quantize(runtime).model for runtime in RUNTIME_NAMES),
        artifacts.peers.models,
    ]


def collect(artifacts: Artifacts, bundle: Path) -> None:
    """Copy what goes into a bundle, each stage's folder checked first.

    Raises InputMissingError where nothing was compared yet, InputCorruptError where a file is not
    as its stage left it.
    """
    if not artifacts.compare.path.is_dir():
        raise InputMissingError(f"{artifacts.compare.path} is missing; run the pipeline first")
    without = left_out(artifacts)
    for folder in folders(artifacts):
        if folder.is_dir():
            verify(folder)
            for path in kept(folder, without):
                copy = bundle / WITHIN / path.relative_to(artifacts.root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


def kept(folder: Path, without: list[Path]) -> Iterator[Path]:
    """Return the files of a stage's folder that a bundle has."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(each in path.parents for each in without):
            yield path


def listed(folder: Path) -> dict[Path, str]:
    """Return the sha256 of each file that a stage's list of checksums names."""
    rows = (line.partition("  ") for line in (folder / CHECKSUMS).read_text().splitlines())
    return {folder / name: digest for digest, _, name in rows}
