"""A real sshd on this machine's loopback, with keys of its own, for this user alone."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from stages.program.tether import tethered
from tests.commands import run

# Debian has the daemon where only root looks for programs; it must be called by its whole path.
SYSTEM_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
WAIT_S = 30
DAEMON = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv {environment}
"""
CLIENT = """\
IdentityFile {folder}/key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile none
ControlMaster auto
ControlPath {folder}/%C
ControlPersist 5
"""


class Server:
    """The daemon, which ends with this process, and how a client finds it, in one folder.

    What runs by it gets the variables `environment`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.port = folder, _free_port()
        for name in ("key", "host_key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        pairs = " ".join(f'{name}="{text}"' for name, text in environment.items())
        fields = {"port": self.port, "folder": folder, "environment": pairs}
        (folder / "sshd_config").write_text(DAEMON.format(**fields))
        (folder / "ssh_config").write_text(CLIENT.format(**fields))
        self._put_client_first()
        self.know_host()

    @property
    def address(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """Variables with which Docker's client takes this configuration of ssh."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def know_host(self) -> None:
        key = (self.folder / "host_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's starts with the system
        program = shutil.which("sshd", path=SYSTEM_PATH)
        assert program, "sshd is missing; `./bootstrap.py test --only remote` installs it"
        configuration = str(self.folder / "sshd_config")
        log = (self.folder / "sshd.log").open("wb")
        command = tethered([program, "-D", "-e", "-f", configuration])
        self._daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + WAIT_S
        while not _listens(self.port):
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            time.sleep(0.1)

    def vanish(self) -> None:
        """End the daemon, and each connection that is open."""
        for pid in [*_children(self._daemon.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self._daemon.kill()
        self._daemon.wait()

    def _put_client_first(self) -> None:
        (self.folder / "bin").mkdir()
        program = self.folder / "bin/ssh"
        program.write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.folder}/ssh_config "$@"\n'
        )
        program.chmod(0o755)


def _children(pid: int) -> Iterator[int]:
    """Yield the processes below one, the deepest first."""
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _children(int(child))
            yield int(child)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
