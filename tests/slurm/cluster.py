"""A real Slurm on this machine: its daemons, and three nodes, which are this machine too."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from stages.program.tether import tethered
from tests.commands import Done, run

KINDS = ("spr", "icx", "clx")
# Debian has the daemons where only root looks for programs.
SYSTEM_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
WAIT_S = 120
# What a cluster does that keeps nothing of jobs' resources, so that it takes neither cgroups, nor
# accounting, nor root.
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
SchedulerParameters=sched_interval=1
MinJobAge=3600
KillWait=5
ReturnToService=2
MailProg=/bin/true
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=60 State=UP
"""
NODE = (
    "NodeName={kind}1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=1000 "
    "Feature={kind}"
)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that takes seconds; TimeoutError if it never comes."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {WAIT_S} s still not so: {what}")
        time.sleep(0.1)


class Slurm:
    """Daemons that end with this process, and what they know and write, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)  # for munge, whose socket others would use, too
        (folder / "state").mkdir()
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o400)
        (folder / "slurm.conf").write_text(_configuration(folder))
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": SYSTEM_PATH}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all daemons, and wait until each node takes jobs."""
        self._start("munged", "--foreground", *_munge_files(self.folder))
        socket_path = self.folder / "munge.socket"
        wait_until(lambda: self._all_run() and socket_path.exists(), "munged listens")
        self._start("slurmctld", "-D")
        for kind in KINDS:
            self._start("slurmd", "-D", "-N", f"{kind}1")
        wait_until(self._are_idle, "all nodes are idle")

    def stop(self) -> None:
        """End all daemons, the last first."""
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def clear(self) -> None:
        """End all jobs, and bring back the nodes that a test took away."""
        self.ask("scancel", f"--user={os.getuid()}")
        wait_until(lambda: not self.ask("squeue", "-h").output.strip(), "no job is left")
        for kind in KINDS:
            if not self._is_idle(kind):
                self.ask("scontrol", "update", f"nodename={kind}1", "state=resume")
        wait_until(self._are_idle, "all nodes are idle again")

    def ask(self, *command: str) -> Done:
        """Run one of Slurm's programs."""
        return run(*command, variables=self.variables)

    def field(self, job: str, name: str) -> str:
        """Return what Slurm knows of a job."""
        words = self.ask("scontrol", "show", "job", "-o", job).output.split()
        return next(it for it in words if it.startswith(f"{name}=")).partition("=")[2]

    def logs(self) -> str:
        """Return how the logs end, for who reads of a failure."""
        paths = sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out")])
        return "\n".join(f"{path.name}:\n{path.read_text()[-1500:]}" for path in paths)

    def _start(self, *command: str) -> None:
        program = shutil.which(command[0], path=SYSTEM_PATH)
        assert program, f"{command[0]} is missing; `./bootstrap.py test --only slurm` installs it"
        with (self.folder / f"{command[0]}-{len(self._daemons)}.out").open("wb") as output:
            daemon = subprocess.Popen(
                tethered([program, *command[1:]]),
                cwd=self.folder,
                env={**os.environ, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._daemons.append(daemon)

    def _all_run(self) -> bool:
        ended = [daemon.args for daemon in self._daemons if daemon.poll() is not None]
        assert not ended, f"{ended} ended\n{self.logs()}"
        return True

    def _are_idle(self) -> bool:
        return self._all_run() and all(map(self._is_idle, KINDS))

    def _is_idle(self, kind: str) -> bool:
        return self.ask("sinfo", "-h", "-n", f"{kind}1", "-o", "%T").output.strip() == "idle"


def _configuration(folder: Path) -> str:
    host, ports = socket.gethostname().partition(".")[0], _free_ports(1 + len(KINDS))
    named = zip(KINDS, ports[1:], strict=True)
    nodes = "\n".join(NODE.format(kind=kind, host=host, port=port) for kind, port in named)
    user = pwd.getpwuid(os.getuid()).pw_name
    return CONFIGURATION.format(folder=folder, host=host, ports=ports, nodes=nodes, user=user)


def _munge_files(folder: Path) -> list[str]:
    names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
    files = [f"--{option}={folder}/munge.{name}" for option, name in names.items()]
    return [*files, f"--log-file={folder}/munged.log"]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
