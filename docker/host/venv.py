"""Create virtual environments from lock files: for invoke, and for stages without an engine.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
import platform
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.host import airgap, interpreter
from docker.host.environment import child_environment
from docker.host.ownership import give_to_owner_of
from docker.host.pip_settings import pip_environment
from docker.host.venv_command import run_into
from docker.host.venv_lock import locked
from docker.host.venv_stamp import (
    OUR_PROMPT,
    Stamp,
    digest_of,
    is_ours,
    is_unfinished,
    missing_in,
    read_stamp,
    write_stamp,
)
from stages.errors import DiskFullError, NotWritableError, StageError
from stages.program import disk_space

# Whatever the locale: paths are written into scripts, which are UTF-8.
UTF_8 = ("-I", "-X", "utf8")
PIP = (*UTF_8, "-m", "pip")
# By colons PATH is divided. pip writes its scripts with the other characters as they are, and venv
# the one to activate, up to Python 3.12.
UNUSABLE = re.compile(r"[:\"$`\x00-\x1f\x7f]|\\\\")


class VenvError(StageError):
    """A virtual environment can't be created."""

    exit_code = 16
    remedy = "read pip's lines above; most often it does not reach the package index"


def get_or_create(folder: Path, choose_python: Callable[[], str], locks: Sequence[Path]) -> Path:
    """Return the Python of the virtual environment `folder`, which has what `locks` list.

    It is created again, by the Python that `choose_python` returns, if it is incomplete or does
    not run, or if the Python it was made from, a lock or the folder's path has changed since; locks
    that follow those in it are installed into it. Who else has made it does not matter: two users
    may have different Pythons. Raises VenvError if that fails, NotWritableError if it may not be
    written.
    """
    if missing_in(folder, locks):
        with locked(folder) as descriptor:
            _bring_up_to_date(folder, choose_python, locks, descriptor)
    return folder / "bin" / "python"


def must_be_created(folder: Path, locks: Sequence[Path]) -> bool:
    """Return whether get_or_create would create `folder`, for which it needs a Python."""
    return _takes_a_new_one(folder, missing_in(folder, locks), locks)


def _bring_up_to_date(
    folder: Path, choose_python: Callable[[], str], locks: Sequence[Path], descriptor: int
) -> None:
    """Create `folder`, or add to it what is missing; another process may have done so by now."""
    missing = missing_in(folder, locks)
    if missing and os.path.lexists(folder):
        _require_own(folder)
    if _takes_a_new_one(folder, missing, locks):
        _require_usable_path(folder)
        python = _running(choose_python())
        with _replacing(folder):
            _create(folder, python, descriptor)
            _install_all(folder, locks, descriptor)
    else:
        _install_all(folder, missing, descriptor)
    give_to_owner_of(folder.parent, folder)


@contextmanager
def _replacing(folder: Path) -> Iterator[None]:
    """Put `folder` aside while another one is made by its name, and back if that fails.

    One that is not whole is removed, beforehand and afterwards: it takes as much space.
    """
    aside = folder.with_name(f"{folder.name}.old")
    if os.path.lexists(aside):
        _require_own(aside)
        _remove_left_over(aside)
    if is_unfinished(folder):
        _remove_left_over(folder)
    existed = os.path.lexists(folder)
    if existed:
        folder.rename(aside)
    try:
        yield
    except BaseException:
        if existed or is_unfinished(folder):
            shutil.rmtree(folder, ignore_errors=True)
        if existed:
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _remove_left_over(folder: Path) -> None:
    """Remove what a command left that was killed, and say so."""
    print(f"removing {folder.name}, which a command left that was ended", flush=True)
    shutil.rmtree(folder)


def _install_all(folder: Path, locks: Iterable[Path], descriptor: int) -> None:
    """Install locks, one at a time: an earlier one may bring what building a later one needs."""
    identity = interpreter.identity_in(folder)
    for lock in locks:
        _install_whole(folder, lock, digest_of(identity, folder, lock), descriptor)


def _takes_a_new_one(folder: Path, missing: Sequence[Path], locks: Sequence[Path]) -> bool:
    """Return whether what is missing can't be added to the environment that is there."""
    return len(missing) == len(locks) or (bool(missing) and not _pip_runs(folder))


def _install_whole(folder: Path, lock: Path, digest: str, descriptor: int) -> None:
    """Install a lock; one that is cut off part way leaves an environment to be created again."""
    before = read_stamp(folder) or Stamp([], [])
    write_stamp(folder, None)
    try:
        _install(folder, lock, descriptor)
    except VenvError:
        if before.is_exactly(folder):  # nothing was installed
            write_stamp(folder, before)
        raise
    write_stamp(folder, Stamp.of(folder, [*before.locks, digest]))


def _require_usable_path(folder: Path) -> None:
    """Raise VenvError if what is in an environment would not run from `folder`."""
    path = os.fsencode(folder).decode(errors="surrogateescape")
    if found := UNUSABLE.search(path):
        raise VenvError(
            f"{folder} has a {found[0]!r} in its path, with which no virtual environment works; "
            "move this checkout to a path without one"
        )
    if any("\ud800" <= char <= "\udfff" for char in path):
        raise VenvError(
            f"{folder} has bytes in its path that are no UTF-8, with which no virtual environment "
            "works; move this checkout to a path without them"
        )


def _create(folder: Path, python: str, descriptor: int) -> None:
    print(f"creating {folder.name}", flush=True)
    folder.mkdir(mode=0o755)
    write_stamp(folder, None)  # it is ours, and unfinished, from the first moment on
    command = [python, *UTF_8, "-m", "venv", f"--prompt={OUR_PROMPT}", str(folder)]
    remedy = f"{python} has no working venv module; install it"
    _run(command, remedy, folder, child_environment(os.environ), descriptor)
    write_stamp(folder, Stamp.of(folder, []))


def _require_own(folder: Path) -> None:
    """Raise VenvError if `folder` is not ours to change, NotWritableError if it is another user's.

    What it holds is then left as it is.
    """
    if not is_ours(folder):
        raise VenvError(
            f"{folder} is none of this project's virtual environments, and is left as it is; "
            "move it away, and run this again"
        )
    if any(not os.access(path, os.W_OK) for path in (folder, *folder.rglob("site-packages"))):
        raise NotWritableError(
            f"{folder} is another user's and can't be brought up to date; remove it as its owner "
            f"(`sudo rm -r {shlex.quote(str(folder))}` if root made it), and run this again"
        )


def _install(folder: Path, lock: Path, descriptor: int) -> None:
    print(f"installing {lock.name} into {folder.name}", flush=True)
    python = str(folder / "bin" / "python")
    # -qq shows errors only: pip would also warn about the index settings of this machine.
    install = [python, *PIP, "-qq", "install", "--no-deps", "--no-build-isolation"]
    command = [*install, f"--requirement={lock}", *airgap.pip_options()]
    remedy = f"{lock.name} can't be installed; {_cause()}fix the cause and run this again"
    _run(command, remedy, folder, pip_environment(python, os.environ), descriptor)


def _cause() -> str:
    """Return why packages may be missing though the index is reached, empty if they should not."""
    if platform.libc_ver()[0] == "glibc":
        return ""
    return "this system's C library is not glibc, for which alone all packages are built; "


def _run(
    command: Sequence[str], remedy: str, folder: Path, environ: Mapping[str, str], descriptor: int
) -> None:
    output = run_into(folder, command, environ, descriptor)
    if output is None:
        return
    if disk_space.says_full(output) or disk_space.full_among([folder]):
        raise DiskFullError(f"no space left for {folder}; free some and run this again")
    raise VenvError(f"{remedy} (the lines above say why)")


def _pip_runs(folder: Path) -> bool:
    return bool(interpreter.output_of([str(folder / "bin" / "python"), *PIP, "--version"]))


def _running(python: str) -> str:
    """Return `python`; raise VenvError if it does not run."""
    if not interpreter.output_of([python, "--version"]):
        raise VenvError(f"{python} does not run; install Python, or run this with another one")
    return python
