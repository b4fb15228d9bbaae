"""The images that a run needs: built unless the engine has them as docker/images.lock has them."""

import os
from collections.abc import Mapping, Sequence

from docker.build.build_log import logged
from docker.build.builder import build_images
from docker.build.graph import Stage
from docker.host import airgap
from docker.host.client import ask
from docker.lockfile import ImagesLock, read_lock
from docker.paths import BUILD_LOG
from docker.reproduce.explanation import as_text, explain
from docker.reproduce.locked_images import changed_inputs, not_locked
from stages.program.clock import time_of_day


def build_missing(
    stages: Sequence[Stage], environ: Mapping[str, str] = os.environ, verbose: bool = False
) -> None:
    """Build the images of `stages`, except those that the engine or an export has as locked.

    What is printed meanwhile goes to BUILD_LOG, unless it is to be `verbose`.
    If their inputs are as locked, print how the built images differ from docker/images.lock.
    Raises EngineError if an image can't be built.
    """
    lock = read_lock()
    changed = changed_inputs(lock, environ)
    missing = stages if changed else _missing(stages, lock)
    if missing:
        _build(missing, environ, verbose)
    if not changed:
        _print_differences(not_locked(missing, lock), lock)


def _build(stages: Sequence[Stage], environ: Mapping[str, str], verbose: bool) -> None:
    if verbose:
        build_images(stages, environ)
        return
    print(f"{time_of_day()} build: images are built, see {BUILD_LOG}", flush=True)
    with logged(BUILD_LOG):
        build_images(stages, environ)


def to_build(stages: Sequence[Stage], environ: Mapping[str, str] = os.environ) -> str:
    """Return in words which images of `stages` would be built, as far as their names show it."""
    missing = [stage.image for stage in stages if not ask("image", "inspect", stage.image).ok]
    changed = changed_inputs(read_lock(), environ)
    if missing:
        return (
            f"{len(missing)} of {len(stages)} are missing; all take 1.58 GB, and 2.5 minutes more"
        )
    if changed:
        return (
            "all are there, and built again, from layers that are the same, as the source changed"
        )
    return "all are there"


def _missing(stages: Sequence[Stage], lock: ImagesLock) -> Sequence[Stage]:
    """Return the stages without their locked image, after loading those of an export if needed."""
    missing = not_locked(stages, lock)
    if missing and airgap.load_images():
        return not_locked(missing, lock)
    return missing


def _print_differences(differing: Sequence[Stage], lock: ImagesLock) -> None:
    if differing:
        shown = as_text(explain(differing, lock))
        print(f"build: these images differ from docker/images.lock\n{shown}", end="")
