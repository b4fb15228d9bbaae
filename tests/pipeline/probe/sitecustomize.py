"""Python imports this first; at its exit, this writes down the files of all imported modules."""

import atexit
import os
import sys
from pathlib import Path

FOLDER = Path("/imports")


def _write_imports() -> None:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    name = f"{os.environ.get('PROBED', 'unknown')}.{os.uname().nodename}-{os.getpid()}"
    (FOLDER / name).write_text("\n".join(sorted(file for file in files if file)))


atexit.register(_write_imports)
