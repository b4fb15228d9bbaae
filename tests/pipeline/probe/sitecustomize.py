"""Python imports this first: at its end it tells which files all modules came from."""

import atexit
import os
import sys
from pathlib import Path

FOLDER = Path("/artifacts/.imports")


def _tell() -> None:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    FOLDER.mkdir(exist_ok=True)
    name = f"{os.environ.get('PROBED', 'unknown')}.{os.uname().nodename}-{os.getpid()}"
    (FOLDER / name).write_text("\n".join(sorted(each for each in files if each)))


atexit.register(_tell)
