"""The images that a run needs: built unless the engine has them as docker/images.lock has them."""

import os
from collections.abc import Mapping, Sequence

from docker.build.builder import build_images
from docker.build.graph import Stage
from docker.host import airgap
from docker.lockfile import ImagesLock, read_lock
from docker.reproduce.explanation import as_text, explain
from docker.reproduce.locked_images import changed_inputs, not_locked


def build_missing(stages: Sequence[Stage], environ: Mapping[str, str] = os.environ) -> None:
    """Build the images of `stages`, except those that the engine or an export has as locked.

    If their inputs are as locked, print how the built images differ from docker/images.lock.
    Raises EngineError if an image can't be built.
    """
    lock = read_lock()
    changed = changed_inputs(lock, environ)
    missing = stages if changed else _missing(stages, lock)
    if missing:
        build_images(missing, environ)
    if not changed:
        _print_differences(not_locked(missing, lock), lock)


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
