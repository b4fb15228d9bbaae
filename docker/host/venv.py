"""Create virtual environments from lock files: for invoke, and for stages without an engine.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.host import airgap
from docker.host.environment import child_environment
from docker.host.ownership import give_to_owner_of
from docker.host.pip_settings import pip_environment
from docker.host.venv_stamp import OUR_PROMPT, Stamp, is_ours, read_stamp, write_stamp
from stages.errors import DiskFullError, NotWritableError, StageError
from stages.program import disk_space

IDENTITY = "import sys; print(sys.version, sys.base_prefix, sys.base_exec_prefix)"
PREFIX = "import sys; print(sys.prefix)"
# For all users to read and its owner alone to write, whatever the umask is.
UMASK = 0o022


class VenvError(StageError):
    """A virtual environment can't be created."""

    exit_code = 16
    remedy = "read pip's lines above; most often it does not reach the package index"


def base_python() -> str:
    """Return this Python outside any virtual environment, whichever one runs this program.

    An environment made by its own Python, or by another's, would be gone or stale with that one.
    """
    # Without PATH, Python does not know its own program.
    known = getattr(sys, "_base_executable", "") or sys.executable
    return known or str(Path("/proc/self/exe").readlink())


def get_or_create(folder: Path, python: str, locks: Sequence[Path]) -> Path:
    """Return the Python of the virtual environment `folder`, which has what `locks` list.

    It is created again if it is incomplete or does not run, or if `python`, its version, a lock or
    the folder's path is another than when it was created; locks that follow those are installed
    into it. Raises VenvError if that fails, NotWritableError if it may not be written.
    """
    # By whichever of its names it is called: in an activated environment it is another one.
    identity = f"{os.path.realpath(python)} {_identity(python)} {folder}"
    wanted = {lock: _digest(identity, lock) for lock in locks}
    if _missing(folder, wanted):
        with _locked(folder) as descriptor:
            _bring_up_to_date(folder, python, wanted, descriptor)
    return folder / "bin" / "python"


def _bring_up_to_date(
    folder: Path, python: str, wanted: Mapping[Path, str], descriptor: int
) -> None:
    """Create `folder`, or add to it what is missing; another process may have done so by now."""
    missing = _missing(folder, wanted)
    if missing and os.path.lexists(folder):
        _require_own(folder)
    if len(missing) == len(wanted) or (missing and not _pip_runs(folder)):
        with _replacing(folder):
            _create(folder, python, descriptor)
            _install_all(folder, wanted, descriptor)
    else:
        _install_all(folder, {lock: wanted[lock] for lock in missing}, descriptor)
    give_to_owner_of(folder.parent, folder)


@contextmanager
def _replacing(folder: Path) -> Iterator[None]:
    """Put `folder` aside while another one is made by its name, and back if that fails."""
    aside = folder.with_name(f"{folder.name}.old")
    if os.path.lexists(aside):  # of a run that was killed
        _require_own(aside)
        shutil.rmtree(aside)
    existed = os.path.lexists(folder)
    if existed:
        folder.rename(aside)
    try:
        yield
    except BaseException:
        if existed:
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _install_all(folder: Path, digests: Mapping[Path, str], descriptor: int) -> None:
    """Install locks, one at a time: an earlier one may bring what building a later one needs."""
    for lock, digest in digests.items():
        _install_whole(folder, lock, digest, descriptor)


def _missing(folder: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Return the locks that `folder` does not have yet, in order; all if it must be created."""
    stamp = read_stamp(folder)
    has = stamp.locks if stamp and _runs(folder) else []
    if any(old != new for old, new in zip(has, wanted.values(), strict=False)):
        return [*wanted]
    return [*wanted][len(has) :]


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


def _digest(identity: str, lock: Path) -> str:
    return hashlib.sha256(identity.encode(errors="surrogateescape") + lock.read_bytes()).hexdigest()


def _create(folder: Path, python: str, descriptor: int) -> None:
    if os.pathsep in str(folder):
        raise VenvError(
            f"{folder} has a {os.pathsep!r} in its path, which no virtual environment may have; "
            "move this checkout to a path without one"
        )
    if str(folder) != os.fsencode(folder).decode(errors="replace"):
        raise VenvError(
            f"{folder} has bytes in its path that are no UTF-8, which no virtual environment may "
            "have; move this checkout to a path without them"
        )
    print(f"creating {folder.name}", flush=True)
    folder.mkdir(mode=0o755)
    write_stamp(folder, None)  # it is ours, and unfinished, from the first moment on
    command = [python, "-I", "-m", "venv", f"--prompt={OUR_PROMPT}", str(folder)]
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
    install = [python, "-I", "-m", "pip", "-qq", "install", "--no-deps", "--no-build-isolation"]
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
    """Run a command that writes to `folder`; it keeps the lock, `descriptor`, if we are killed."""
    with subprocess.Popen(
        command,
        env={**environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        umask=UMASK,
        pass_fds=[descriptor],
    ) as process:
        output = "".join(_shown(process.stdout or []))
    if process.returncode == 0:
        return
    if disk_space.says_full(output) or disk_space.full_among([folder]):
        raise DiskFullError(f"no space left for {folder}; free some and run this again")
    raise VenvError(f"{remedy} (the lines above say why)")


def _shown(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        print(line, end="", file=sys.stderr, flush=True)
        yield line


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold the lock on the folder that `folder` is in, and yield its descriptor.

    Two processes that set up environments at once would remove each other's.
    """
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        _wait_for_lock(descriptor, folder)
        if not os.access(folder.parent, os.W_OK | os.X_OK):
            raise NotWritableError(
                f"{folder.parent} can't be written by this user, so {folder.name} can't be set up "
                "there; make it writable, or copy this checkout to a folder of your own"
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another process that sets up {folder.name}", flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks: as it was before there were any


def _runs(folder: Path) -> bool:
    """Return whether the environment's Python starts, and is that of this folder."""
    return _output(str(folder / "bin" / "python"), PREFIX) == str(folder)


def _pip_runs(folder: Path) -> bool:
    command = [str(folder / "bin" / "python"), "-I", "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def _identity(python: str) -> str:
    """Return what another Python at the same path would not print; VenvError if it does not run."""
    identity = _output(python, IDENTITY)
    if not identity:
        raise VenvError(f"{python} does not run; install Python, or run this with another one")
    return identity


def _output(python: str, code: str) -> str:
    """Return what a Python prints for `code`, nothing if it can't."""
    command = [python, "-I", "-c", code]
    environment = child_environment(os.environ)
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
