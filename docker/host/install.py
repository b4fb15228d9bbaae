"""Do the part of bootstrap.py that needs root: packages, the engine's daemon, its group.

Standard library only, and nothing else of this project. Run as `python3 install.py PACKAGE...
[--next-release] [--start] [--group-user NAME]`, by docker/host/setup.py, which asks first. Uses
only the distribution's own repositories.
"""

import argparse
import errno
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ENGINE_LOG = Path("/var/log/dockerd.log")
PID_FILES = {
    Path("/run/docker.pid"): "dockerd",
    Path("/run/docker/containerd/containerd.pid"): "containerd",
}
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
# Debian 12's own engine has neither compose v2 nor buildx; that of Debian 13 needs nothing that
# Debian 12 lacks. A negative priority keeps out everything else from Debian 13. Both files stay:
# without them, the engine would never be updated.
SOURCES = Path("/etc/apt/sources.list.d/vgg19-engine.list")
PREFERENCES = Path("/etc/apt/preferences.d/vgg19-engine")
PINS = """\
# Made by bootstrap.py: on Debian 12 the container engine, and nothing else, is that of Debian 13.
Package: *
Pin: release n=trixie*
Pin-Priority: -1

Package: docker.io docker-cli docker-buildx docker-compose containerd
Pin: release n=trixie*
Pin-Priority: 990
"""
# Nothing asks, nothing is restarted, and no configuration of the user's is replaced or removed.
APT = (
    "apt-get",
    "-q",
    "-oAcquire::Retries=3",
    "-oDpkg::Options::=--force-confdef",
    "-oDpkg::Options::=--force-confold",
)
QUIET = {
    "APT_LISTCHANGES_FRONTEND": "none",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
    "NEEDRESTART_SUSPEND": "1",
}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# apt's words if another process installs something, as a machine does in its first minutes.
LOCKED = ("Could not get lock", "Unable to acquire the dpkg frontend lock", "Unable to lock")
# apt's words after an installation that was cut off, as by a power cut: nothing is installed then.
INTERRUPTED = "dpkg was interrupted"
CONFIGURE = ("dpkg", "--configure", "-a", "--force-confdef", "--force-confold")
LOCK_TIMEOUT_S = 600.0
LOCK_POLL_S = 5.0


class InstallError(Exception):
    """A step failed; the message says which, and the lines above it why."""


def install(packages: Sequence[str], next_release: bool) -> None:
    """Install packages with apt; with `next_release`, those of the engine come from Debian 13.

    Raises InstallError if that fails.
    """
    # Not checked, as one of several repositories may be out of reach: the installation says which
    # packages are missing.
    _apt("update")
    with _source_of_engine() if next_release else _nothing():
        if next_release and _apt("update") != 0:
            raise InstallError("the packages of Debian 13 can't be listed")
        # What would remove another package, such as an engine from elsewhere, is not done.
        command = ("install", "-y", "--no-remove", "--no-install-recommends", *packages)
        if _apt(*command) != 0:
            raise InstallError(f"{' '.join(packages)} can't be installed")


def _apt(*arguments: str) -> int:
    """Run apt-get, as soon as no other process does, and return its exit code.

    What an earlier installation left half done is finished first, if apt asks for that.
    """
    code, output = _unlocked(*arguments)
    if code != 0 and INTERRUPTED in output:
        _shown(CONFIGURE)
        code, _ = _unlocked(*arguments)
    return code


def _unlocked(*arguments: str) -> tuple[int, str]:
    """Run apt-get when no other process installs; return its exit code and output."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        code, output = _shown([*APT, *arguments])
        is_locked = code != 0 and any(words in output for words in LOCKED)
        if not is_locked or time.monotonic() > deadline:
            return code, output
        print("waiting for another process that installs packages", flush=True)
        time.sleep(LOCK_POLL_S)


def _shown(command: Sequence[str]) -> tuple[int, str]:
    """Run a command; print its output as it comes, and return its exit code and that output."""
    lines = []
    with subprocess.Popen(
        command,
        env={**os.environ, **QUIET, "PATH": SYSTEM_PATH},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or []:
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _source_of_engine() -> Iterator[None]:
    """Make Debian 13 a source of the engine alone, for good unless what is done then fails."""
    sources = "".join(f"deb {source}\n" for source in _sources_of_next_release())
    contents = {PREFERENCES: PINS, SOURCES: sources}
    before = {path: path.read_text() if path.is_file() else None for path in contents}
    try:
        for path, text in contents.items():
            _write(path, text)
        yield
    except BaseException:
        for path, earlier in before.items():
            _write(path, earlier)
        raise


def _write(path: Path, text: str | None) -> None:
    """Write a file that all may read, or remove it."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.write_text(text)
    path.chmod(0o644)


def _sources_of_next_release() -> list[str]:
    """Return Debian 13 at the addresses of this machine's sources of Debian 12."""
    listing = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME) main"]
    done = subprocess.run(listing, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    lines = {line.removeprefix("Debian ") for line in done.stdout.splitlines() if _is_own(line)}
    if not lines:
        raise InstallError("no source of Debian 12 is known to apt, so none of Debian 13 is, too")
    return [line.replace(" bookworm", " trixie") for line in sorted(lines)]


def _is_own(line: str) -> bool:
    return line.startswith("Debian ") and " bookworm" in line


def start() -> None:
    """Start the engine's daemon: with systemd if that runs, else directly."""
    if Path("/run/systemd/system").is_dir():
        _require("systemctl", "enable", "--now", "docker")
        return
    _remove_leftovers()
    with ENGINE_LOG.open("ab") as log:
        # In a new session, so that the daemon outlives this process and its terminal.
        subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PATH": SYSTEM_PATH},
        )


def _remove_leftovers() -> None:
    """Remove what a killed daemon left: dockerd heeds a pid file even if another has the pid."""
    for pid_file, program in PID_FILES.items():
        if pid_file.is_file() and _program_of(pid_file.read_text().strip()) != program:
            pid_file.unlink()
    if CONTAINERD_SOCKET.is_socket() and not _listens(CONTAINERD_SOCKET):
        CONTAINERD_SOCKET.unlink()


def _program_of(pid: str) -> str:
    name = Path("/proc", pid or "none", "comm")
    return name.read_text().strip() if name.is_file() else ""


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)  # one with too many callers would have this one wait for ever
        return client.connect_ex(str(path)) in (0, errno.EAGAIN)


def main() -> None:
    """Do what the command line asks for: install, then start, then add to the group."""
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--next-release", action="store_true")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--group-user")
    arguments = parser.parse_args()
    if arguments.packages:
        install(arguments.packages, arguments.next_release)
    if arguments.start:
        start()
    if arguments.group_user:
        _require("usermod", "-aG", "docker", arguments.group_user)


def _require(*command: str) -> None:
    """Run a command; raise InstallError if it fails."""
    code, _ = _shown(command)
    if code != 0:
        raise InstallError(f"`{shlex.join(command)}` failed")


if __name__ == "__main__":
    try:
        main()
    except (InstallError, OSError) as error:
        sys.exit(f"install: {error}")
