"""A second engine on this machine: with files, containers and a network of its own."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from stages.program.tether import tethered
from tests.commands import Done, run

WAIT_S = 60


class Engine:
    """The daemon, which ends with this process and leaves nothing outside its folder.

    It has a network of its own, as two daemons in one would take each other's rules away.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, f"unix://{folder}/docker.sock"

    def start(self) -> None:
        (self.folder / "daemon.json").write_text("{}")
        options = [
            f"--{name}={self.folder / name}" for name in ("data-root", "exec-root", "pidfile")
        ]
        options += [f"--config-file={self.folder}/daemon.json", f"--host={self.address}"]
        alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        log = (self.folder / "log").open("wb")
        self._daemon = subprocess.Popen(
            tethered([*alone, "dockerd", *options], signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + WAIT_S
        while self.ask("version").code != 0:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.2)

    def ask(self, *words: str) -> Done:
        return run("docker", f"--host={self.address}", *words)

    def take(self, images: Sequence[str]) -> None:
        """Take images from this machine's engine, as no index of packages is in its network."""
        script = 'set -o pipefail; host=$1; shift; docker save "$@" | docker --host="$host" load'
        done = run("bash", "-c", script, "bash", self.address, *images)
        assert done.code == 0, done

    def stop(self) -> None:
        self._daemon.terminate()
        self._daemon.wait(WAIT_S)
