"""Folders that are made once, checksummed, and made again if they are damaged."""

from collections.abc import Callable, Iterable
from pathlib import Path

from stages import artifacts
from stages.errors import InputCorruptError, InputMissingError
from stages.handover import handing_over
from stages.host_path import as_on_host
from stages.printable import printable


def cached(folder: Path, make: Callable[[Path], None], required: Iterable[str] = ()) -> str:
    """Return `folder`; `make` fills it first if it is missing or differs from its checksums.

    It is made again, too, if one of the files `required` is not there. Raises NotWritableError if
    something else has its name.
    """
    try:
        artifacts.verify(folder, required)
        return str(folder)
    except InputMissingError:
        pass
    except InputCorruptError:
        print(printable(as_on_host(f"{folder} is damaged; making it again")), flush=True)
    with handing_over(folder) as partial:
        make(partial)
    return str(folder)
