"""Folders that are made once, checksummed, and made again if they are damaged."""

from collections.abc import Callable
from pathlib import Path

from stages import artifacts
from stages.errors import InputCorruptError, InputMissingError
from stages.handover import handing_over


def cached(folder: Path, make: Callable[[Path], None]) -> str:
    """Return `folder`; `make` fills it first if it is missing or differs from its checksums."""
    try:
        artifacts.verify(folder)
        return str(folder)
    except InputMissingError:
        pass
    except InputCorruptError:
        print(f"{folder} is damaged; making it again", flush=True)
    with handing_over(folder) as partial:
        make(partial)
    return str(folder)
