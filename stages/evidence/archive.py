"""A folder as one file, and back: equal folders give equal bytes, no other bytes are accepted."""

import io
import tarfile
from pathlib import Path

from stages.errors import InputCorruptError, InputMissingError

FILE_MODE = 0o644


def pack(folder: Path, output: Path) -> None:
    """Write all files of a folder to a tar, uncompressed, without their owners, modes and times."""
    with output.open("wb") as stream:
        _write(folder, stream)


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a tar made by `pack` to a folder.

    Raises InputMissingError if there is none, InputCorruptError if any byte is not as `pack` would
    have written it.
    """
    if not archive.is_file():
        raise InputMissingError(f"{archive} is missing; make one by `invoke bundle`")
    content = archive.read_bytes()
    try:
        _extract(content, folder)
    except (tarfile.TarError, ValueError, OSError, EOFError) as error:
        raise _damaged(archive, str(error)) from None
    again = io.BytesIO()
    _write(folder, again)
    if again.getvalue() != content:
        raise _damaged(archive, "its form is not that of a bundle")


def _extract(content: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        for member in tar:
            path = (folder / member.name).resolve()
            if not member.isreg() or folder.resolve() not in path.parents:
                raise ValueError(f"{member.name} is no plain file in it")
            data = tar.extractfile(member)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.read() if data else b"")


def _write(folder: Path, stream: io.BufferedIOBase) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = path.stat().st_size, FILE_MODE
            with path.open("rb") as content:
                tar.addfile(member, content)


def _damaged(archive: Path, why: str) -> InputCorruptError:
    return InputCorruptError(f"{archive} was damaged or edited ({why}); get it again")
