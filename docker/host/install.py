"""The part of bootstrap that needs root: packages, the engine's daemon, its group.

Standard library only. Run as `python3 install.py PACKAGE... [--start] [--group-user NAME]`, by
docker/host/engine.py, which asks first. Nothing but the distribution's own repositories is used.
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
# Debian 12's own engine has neither compose v2 nor buildx; Debian 13's packages need nothing
# that Debian 12 lacks. Everything else of Debian 13 stays out by its negative priority.
PREFERENCES = """\
Package: *
Pin: release n=trixie*
Pin-Priority: -1

Package: docker.io docker-cli docker-buildx docker-compose containerd
Pin: release n=trixie*
Pin-Priority: 990
"""


def install(packages: Sequence[str]) -> None:
    """Install packages with apt; those of the engine come from Debian 13 on Debian 12."""
    # One of several repositories may be out of reach: the installation says what is missing.
    subprocess.run(["apt-get", "update", "-q"], check=False)
    with _apt_options() as options:
        if options:
            subprocess.run(["apt-get", *options, "update", "-q"], check=True)
        command = ["apt-get", *options, "install", "-y", "-q", "--no-install-recommends"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*command, *packages], check=True, env=environment)


@contextmanager
def _apt_options() -> Iterator[list[str]]:
    """Give the options of a private apt configuration on Debian 12, none elsewhere."""
    sources = _debian_12_sources()
    if not sources:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="apt-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # apt reads it as its own user
        (folder / "sources.list").write_text("".join(f"deb {each}\n" for each in sources))
        (folder / "preferences").write_text(PREFERENCES)
        (folder / "lists" / "partial").mkdir(parents=True)
        yield [
            f"-oDir::Etc::sourcelist={folder / 'sources.list'}",
            "-oDir::Etc::sourceparts=/dev/null",
            f"-oDir::Etc::preferences={folder / 'preferences'}",
            "-oDir::Etc::preferencesparts=/dev/null",
            f"-oDir::State::lists={folder / 'lists'}",
        ]


def _debian_12_sources() -> list[str]:
    """Return this host's Debian 12 sources and the same places' Debian 13 ones."""
    listing = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME) main"]
    output = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    lines = [line.removeprefix("Debian ") for line in output.splitlines()]
    own = sorted(
        {line for line in lines if " bookworm" in line and line not in output.splitlines()}
    )
    return own + [line.replace(" bookworm", " trixie") for line in own]


def start() -> None:
    """Start the engine's daemon: by systemd where it runs, else by hand."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "enable", "--now", "docker"], check=True)
        return
    _remove_left_overs()
    with ENGINE_LOG.open("ab") as log:
        # A session of its own: the daemon outlives this process and its terminal.
        subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )


def _remove_left_overs() -> None:
    """Remove what a killed daemon left: dockerd trusts a pid file though the pid is another's."""
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
    """Do what the command line says, in its order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--group-user")
    wanted = parser.parse_args()
    if wanted.packages:
        install(wanted.packages)
    if wanted.start:
        start()
    if wanted.group_user:
        subprocess.run(["usermod", "-aG", "docker", wanted.group_user], check=True)


if __name__ == "__main__":
    main()
