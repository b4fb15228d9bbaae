"""Do the part of bootstrap.py that needs root: packages, the engine's daemon, its group.

Standard library only. Run as `python3 install.py PACKAGE... [--start] [--group-user NAME]`, by
docker/host/engine.py, which asks first. Uses only the distribution's own repositories.
"""

import argparse
import os
import socket
import subprocess
import tempfile
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
# Debian 12 lacks. A negative priority keeps out everything else from Debian 13.
PREFERENCES = """\
Package: *
Pin: release n=trixie*
Pin-Priority: -1

Package: docker.io docker-cli docker-buildx docker-compose containerd
Pin: release n=trixie*
Pin-Priority: 990
"""


def install(packages: Sequence[str]) -> None:
    """Install packages with apt; on Debian 12 those of the engine come from Debian 13."""
    # Not checked, as one of several repositories may be out of reach: the installation says which
    # packages are missing.
    subprocess.run(["apt-get", "update", "-q"], stdin=subprocess.DEVNULL, check=False)
    with _apt_options() as options:
        if options:
            subprocess.run(
                ["apt-get", *options, "update", "-q"], stdin=subprocess.DEVNULL, check=True
            )
        command = ["apt-get", *options, "install", "-y", "-q", "--no-install-recommends"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*command, *packages], stdin=subprocess.DEVNULL, check=True, env=environment)


@contextmanager
def _apt_options() -> Iterator[list[str]]:
    """Yield the options for an apt configuration of our own on Debian 12, none elsewhere."""
    sources = _debian_12_sources()
    if not sources:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="apt-") as folder:
        yield _write_apt_configuration(Path(folder), sources)


def _write_apt_configuration(folder: Path, sources: Sequence[str]) -> list[str]:
    """Write a configuration with these sources to `folder`; return the options that select it."""
    folder.chmod(0o755)  # apt reads it as its own user
    (folder / "sources.list").write_text("".join(f"deb {source}\n" for source in sources))
    (folder / "preferences").write_text(PREFERENCES)
    (folder / "lists" / "partial").mkdir(parents=True)
    return [
        f"-oDir::Etc::sourcelist={folder / 'sources.list'}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::Etc::preferences={folder / 'preferences'}",
        "-oDir::Etc::preferencesparts=/dev/null",
        f"-oDir::State::lists={folder / 'lists'}",
    ]


def _debian_12_sources() -> list[str]:
    """Return this machine's sources of Debian 12, and those of Debian 13 at the same addresses."""
    listing = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME) main"]
    output = subprocess.run(
        listing, stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True
    ).stdout
    lines = [line.removeprefix("Debian ") for line in output.splitlines()]
    own = sorted(
        {line for line in lines if " bookworm" in line and line not in output.splitlines()}
    )
    return own + [line.replace(" bookworm", " trixie") for line in own]


def start() -> None:
    """Start the engine's daemon: with systemd if that runs, else directly."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(
            ["systemctl", "enable", "--now", "docker"], stdin=subprocess.DEVNULL, check=True
        )
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
        return client.connect_ex(str(path)) == 0


def main() -> None:
    """Do what the command line asks for: install, then start, then add to the group."""
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--group-user")
    arguments = parser.parse_args()
    if arguments.packages:
        install(arguments.packages)
    if arguments.start:
        start()
    if arguments.group_user:
        subprocess.run(
            ["usermod", "-aG", "docker", arguments.group_user], stdin=subprocess.DEVNULL, check=True
        )


if __name__ == "__main__":
    main()
