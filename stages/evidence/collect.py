"""Which artifacts go into a bundle: all but models and images, of which the hashes go in."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stages.artifacts import Artifacts, verify
from stages.errors import InputCorruptError, InputMissingError
from stages.evidence.names import problem_of_name
from stages.files.checksums import plain_files
from stages.program.printable import printable, shortened
from stages.runtimes import RUNTIME_NAMES

# The folder in a bundle that the stages' folders are in.
ARTIFACTS_FOLDER = "artifacts"


def excluded_folders(artifacts: Artifacts) -> list[Path]:
    """Return the folders that a bundle leaves out: those of models and images."""
    train = artifacts.train
    return [
        train.model,
        train.test.parent,
        *(artifacts.quantize(runtime).model for runtime in RUNTIME_NAMES),
        artifacts.peers.models,
    ]


def collect(artifacts: Artifacts, bundle: Path) -> None:
    """Copy what goes into a bundle to its folder, after a check of each stage's checksums.

    Raises InputMissingError if nothing was compared yet, InputCorruptError if a file is not as its
    stage left it.
    """
    if not artifacts.compare.path.is_dir():
        raise InputMissingError(f"{artifacts.compare.path} is missing; run the pipeline first")
    excluded = excluded_folders(artifacts)
    for folder in (stage.path for stage in artifacts.stages()):
        if folder.is_dir():
            verify(folder)
            for path in bundled_files(folder, excluded):
                copy = bundle / ARTIFACTS_FOLDER / path.relative_to(artifacts.root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


def bundled_files(folder: Path, excluded: Sequence[Path]) -> Iterator[Path]:
    """Yield the files of a stage's folder that go into a bundle, in order.

    Raises InputCorruptError if one is no plain file: a link would bring in what no stage left.
    """
    names = sorted(plain_files(folder), key=lambda name: name.split("/"))
    for path in (folder / name for name in names):
        if is_within(path, excluded):
            continue
        if problem := problem_of_name(f"{ARTIFACTS_FOLDER}/{path.relative_to(folder.parent)}"):
            raise InputCorruptError(f"{printable(shortened(str(path)))}: {problem}; remove it")
        if path.is_symlink() or not path.is_file():
            raise InputCorruptError(f"{printable(str(path))} is no plain file; remove it")
        yield path


def is_within(path: Path, folders: Iterable[Path]) -> bool:
    """Return whether a path is in one of the folders, at any depth."""
    return any(folder in path.parents for folder in folders)
