"""`python -m stages.download`: fill the cache with what the settings need from a network."""

import logging
import os
import sys
from collections.abc import MutableMapping

from stages.command_line import for_stage
from stages.common.progress import Progress
from stages.errors import exit_code_of
from stages.folder.access import writing
from stages.folder.cache import Cache, note_backbone
from stages.setting.values import DOWNLOADED
from stages.settings import Settings, needs_download


def main() -> None:
    """Run the program as the command line and the environment say; print the outcome last."""
    _forget_empty(os.environ)
    settings = for_stage("download", sys.argv[1:], os.environ)
    with writing(settings.artifacts, "download") as artifacts:
        cache = Cache(artifacts.cache)
        outcome = _download(settings, cache)
        if settings.backbone != DOWNLOADED:
            note_backbone(cache, settings.backbone)
    print(f"download: {outcome}", flush=True)


def _download(settings: Settings, cache: Cache) -> str:
    """Fetch what is not there; return, for people, what was done."""
    if not needs_download(settings):
        return "nothing is needed from a network"
    _quieten(os.environ)
    # Imported only now, as most runs need none of it.
    from stages.download.run import steps

    wanted = list(steps(settings, cache))
    with Progress("download", [name for name, _ in wanted]) as progress:
        for name, step in wanted:
            progress.step(name, f"{name} (MB)")
            step(progress)
    return ", ".join(name for name, _ in wanted) or "all was there"


def _quieten(environ: MutableMapping[str, str]) -> None:
    """Have TensorFlow, which tensorflow-datasets may load, say no more than what fails."""
    for variable in ("TF_CPP_MIN_LOG_LEVEL", "ITEX_CPP_MIN_LOG_LEVEL"):
        environ.setdefault(variable, "2")
    logging.getLogger("absl").setLevel(logging.ERROR)


def _forget_empty(environ: MutableMapping[str, str]) -> None:
    """Remove variables that are set to nothing, which would hide those in the other case."""
    for name in [name for name, value in environ.items() if not value]:
        del environ[name]


if __name__ == "__main__":
    sys.exit(exit_code_of("download", main))
