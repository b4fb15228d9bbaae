"""The images in the form of Apptainer, SIF files: each is built once, of what an export brings."""

import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docker.build.build_log import logged
from docker.build.graph import Stage
from docker.containers import GRACE_S
from docker.host import airgap
from docker.host.children import run_gently
from docker.host.environment import apptainer_environment
from docker.lockfile import ImagesLock, read_lock
from docker.paths import BUILD_LOG, EXPORT, SIF_FILES
from docker.reproduce.locked_images import changed_inputs, locked_digest
from docker.reproduce.one_image import write_one
from docker.share.output import written_whole
from stages.errors import EngineError, NotWritableError, StageError
from stages.files.checksums import sha256
from stages.files.member import read_plain
from stages.folder.full_disk import scratch_folder
from stages.program.clock import time_of_day
from stages.program.tether import tethered

# Digits of an image's digest in its file's name.
DIGITS = 12
ALGORITHM = "sha256:"
MAX_SUM_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Sif:
    """An image as a file, and the digest of its configuration, as an engine would show it."""

    path: Path
    digest: str


def prepare(program: str, stages: Sequence[Stage]) -> dict[Stage, Sif]:
    """Return the files of the stages' images; those that are not there are built by `program`.

    Raises EngineError if there is nothing to build them of, or it is of other source than this.
    """
    lock = read_lock()
    if changed := changed_inputs(lock, {}):
        raise EngineError(
            f"no image is of this source: {changed[0]} is another than docker/images.lock has; "
            "export from a clone for which `invoke test --only images` passes, or use `--runner "
            "local`"
        )
    files = {stage: _file_of(stage, lock) for stage in stages}
    for stage, sif in files.items():
        if not _is_as_built(sif.path):
            _build(program, stage, sif)
    return files


def to_build(stages: Sequence[Stage]) -> str:
    """Return in words which files `prepare` would first build."""
    lock = read_lock()
    files = {_file_of(stage, lock).path for stage in stages}
    missing = sorted(path.name for path in files if not path.is_file())
    return f"to be built: {', '.join(missing)}" if missing else "all are there"


def _file_of(stage: Stage, lock: ImagesLock) -> Sif:
    digest = locked_digest(stage, lock)
    name = f"{stage.target}-{digest.removeprefix(ALGORITHM)[:DIGITS]}.sif"
    return Sif(SIF_FILES / name, digest)


def _is_as_built(path: Path) -> bool:
    """Return whether a file has the content that was built here: else its name proves nothing."""
    if not path.is_file():
        return False
    try:
        return read_plain(_sum_of(path), MAX_SUM_BYTES).decode("ascii").strip() == sha256(path)
    except (OSError, ValueError, StageError):
        return False


def _sum_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _build(program: str, stage: Stage, sif: Sif) -> None:
    archive = EXPORT / airgap.IMAGES
    if not archive.is_file():
        there = "is not what was built here, and there is no" if sif.path.exists() else ""
        raise EngineError(
            f"Apptainer's image {sif.path} {there or 'is not there, nor'} {archive}, of which it "
            "is built; work in what `invoke export` packs where there is an engine, or use "
            "`--runner local`"
        )
    print(f"{time_of_day()} build: {sif.path.name} of {archive}, see {BUILD_LOG}", flush=True)
    _make_folder()
    with scratch_folder("sif-") as folder:
        one, built = folder / airgap.IMAGES, folder / sif.path.name
        write_one(archive, stage.image, sif.digest, one)
        with logged(BUILD_LOG):
            _have_built(program, one, built)
        with written_whole(sif.path) as part:  # other nodes may be building the same one
            shutil.copyfile(built, part)
        with written_whole(_sum_of(sif.path)) as part:
            part.write_text(f"{sha256(built)}\n", encoding="ascii")


def _have_built(program: str, archive: Path, built: Path) -> None:
    command = [program, "build", "--disable-cache", str(built), f"docker-archive:{archive}"]
    if run_gently(tethered(command), GRACE_S, env=apptainer_environment()) != 0:
        raise EngineError(
            f"{program} can't build {built.name}; the lines above say why; fix that, or use "
            "`--runner local`"
        )
    _require_image(built, program)


def _make_folder() -> None:
    try:
        SIF_FILES.mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritableError(
            f"there can be no folder {SIF_FILES} for Apptainer's images ({error.strerror}); remove "
            "what is there, or let it be written"
        ) from None


def _require_image(built: Path, program: str) -> None:
    """Raise EngineError if a build that ended well left no plain file with something in it."""
    try:
        found = built.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size:
            return
    except FileNotFoundError:
        pass
    raise EngineError(
        f"{program} ended with 0, but has built no {built.name}; try `{program} build` by hand, or "
        "use `--runner local`"
    )
