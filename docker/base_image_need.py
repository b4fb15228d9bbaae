"""Whether tasks will make the base image, for which bootstrap.py then installs the tools.

Run as `python -m docker.base_image_need TASK...`: it ends with 0 if so, and with another code if
not or if that can't be known, as the tasks themselves then say why.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from docker.build import base
from docker.build.graph import NOTEBOOK, Stage, read_all, read_extra, read_stages
from docker.host.asked import HOST, flags_of
from docker.host.elsewhere import checked, engine_at
from docker.lockfile import read_lock
from docker.reproduce.locked_images import changed_inputs, not_locked
from docker.running import chosen_settings
from stages.setting.programs import DOWNLOAD, EXTRAS, STAGES

# These make it in any case; this one makes images, whether or not the engine has them.
MAKE_IT, MAKE_IMAGES = {"lock", "verify"}, "release"
BESIDE, PIPELINE = (DOWNLOAD, *EXTRAS, NOTEBOOK), {"build", "export", "pipeline", *STAGES}
RUNTIME = "--runtime"


def is_needed(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether tasks, with their flags, will make the base image.

    Raises StageError if a setting can't be read.
    """
    if MAKE_IT & {*words}:
        return True
    with engine_at(checked(_value_of(HOST, words))):
        if base.is_there(environ):
            return False
        lock = read_lock()
        changed = MAKE_IMAGES in words or changed_inputs(lock, environ)
        return bool(changed or not_locked(_stages_of(words), lock))


def _stages_of(words: Sequence[str]) -> list[Stage]:
    """Return the stages whose images tasks need; without a task, those of the pipeline."""
    if "test" in words:
        return read_all()
    runtime = _value_of(RUNTIME, words)
    settings = chosen_settings({"runtime": runtime} if runtime else {})
    beside = [read_extra(name, settings) for name in BESIDE if name in words]
    return [*beside, *(read_stages(settings) if PIPELINE & {*words} or not beside else ())]


def _value_of(flag: str, words: Sequence[str]) -> str:
    return next((value for name, value in flags_of(words) if name == flag), "")


if __name__ == "__main__":
    sys.exit(0 if is_needed(sys.argv[1:]) else 3)
