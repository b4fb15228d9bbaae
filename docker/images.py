"""The images that a run needs: built unless they are there as docker/images.lock has them."""

import os
from collections.abc import Mapping, Sequence

from docker.build.builder import make
from docker.build.graph import Stage
from docker.host import airgap
from docker.lockfile import read_lock
from docker.reproduce.explanation import explain, told
from docker.reproduce.locked_images import changed_inputs, is_locked


def build(stages: Sequence[Stage], environ: Mapping[str, str] = os.environ) -> None:
    """Build the images of `stages`, but those that are there as docker/images.lock has them.

    Where all they are made from is locked, says what came out otherwise. Raises EngineError where
    an image can't be built.
    """
    lock = read_lock()
    unchanged = not changed_inputs(lock, environ)
    missing = [stage for stage in stages if not (unchanged and is_locked(stage, lock))]
    if missing and unchanged and airgap.load_images():
        missing = [stage for stage in missing if not is_locked(stage, lock)]
    if not missing:
        return
    make(missing, environ)
    if unchanged:
        differing = [stage for stage in missing if not is_locked(stage, lock)]
        if differing:
            shown = told(explain(differing, lock))
            print(f"build: these are not the images of docker/images.lock\n{shown}", end="")
