"""The container engine and the host's packages: what is missing, what it takes, getting it.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import grp
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from docker.host import airgap
from stages.errors import EngineError

INSTALLER = Path(__file__).with_name("install.py")
PLUGINS = ("compose", "buildx")
ENGINE_PACKAGES = {
    "debian": ("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
    "ubuntu": ("docker.io", "docker-buildx", "docker-compose-v2"),
}
OLDEST = {"debian": 12, "ubuntu": 22}
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ANSWER_WITHIN_S = 60
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done to this machine, as root."""

    packages: tuple[str, ...] = ()
    start: bool = False
    group_user: str = ""

    def steps(self) -> list[str]:
        """Return the steps in words."""
        names = " ".join(self.packages)
        source = "from this distribution (on Debian 12 the engine from Debian 13)"
        steps = [f"install {names} {source}"] if names else []
        steps += ["start the engine (dockerd)"] if self.start else []
        group = f"add {self.group_user} to the group docker, which equals root's rights"
        return steps + ([group] if self.group_user else [])

    def arguments(self) -> list[str]:
        """Return the arguments of docker/host/install.py that do it."""
        start = ["--start"] if self.start else []
        return [*self.packages, *start, f"--group-user={self.group_user}"]


def describe() -> str:
    """Return the engine's version and how it keeps images and limits, empty where none answers."""
    form = "{{.ServerVersion}}, {{.Driver}}, cgroup v{{.CgroupVersion}}"
    shown = subprocess.run(["docker", "info", f"--format={form}"], capture_output=True, text=True)
    return "" if shown.returncode else shown.stdout.strip()


def require() -> None:
    """Raise EngineError, with the remedy, where no engine answers or a plugin is missing."""
    if not answers():
        raise EngineError(
            "no container engine answers; get one with `./bootstrap.py --yes pipeline`, or do "
            "without by `invoke pipeline --runner local`"
        )
    missing = _missing_plugins()
    if missing:
        raise EngineError(
            f"the engine's client lacks {' and '.join(missing)}; install its plugin packages "
            "from where the engine came from"
        )


def answers() -> bool:
    """Tell whether an engine answers this user."""
    return _succeeds("docker", "version")


def plan(with_engine: bool = True) -> Plan:
    """Find out what this machine lacks; an engine that answers is left as it is.

    Raises EngineError where it can't be got here.
    """
    packages = _tool_packages(with_engine)
    if not with_engine or answers():
        if with_engine:
            require()
        return _checked(Plan(packages))
    if os.environ.get("DOCKER_HOST"):
        raise EngineError("no engine answers at DOCKER_HOST; start that one, or unset DOCKER_HOST")
    group_user = "" if os.getuid() == 0 or _in_group() else _user_name()
    if _permission_denied() and not _missing_plugins():
        return _checked(Plan(packages, group_user=group_user))
    if not shutil.which("dockerd", path=SYSTEM_PATH) or _missing_plugins():
        packages += ENGINE_PACKAGES.get(_distribution(), ("docker",))
    return _checked(Plan(packages, start=True, group_user=group_user))


def carry_out(plan: Plan, assume_yes: bool) -> None:
    """Say what will be done, ask unless told not to, do it.

    Raises EngineError where the answer is no, or where it fails.
    """
    if not plan.steps():
        return
    print("This machine will be changed, as root:")
    print("".join(f"  - {step}\n" for step in plan.steps()), end="", flush=True)
    if not assume_yes and not _agreed():
        raise EngineError("nothing was changed; say yes, or give --yes, to go on")
    command = _as_root(sys.executable, str(INSTALLER), *plan.arguments())
    if subprocess.run(command).returncode != 0:
        raise EngineError("that failed; the lines above say why. Mend it and run this again")
    if plan.start:
        _wait_for_answer()


def needs_new_group() -> bool:
    """Tell whether only a process that joins the group docker anew reaches the engine."""
    return _permission_denied() and _in_group()


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def _checked(plan: Plan) -> Plan:
    """Raise EngineError where the plan needs what this machine or user doesn't have."""
    if plan.packages and not _distribution():
        raise EngineError(
            f"{', '.join(plan.packages)} missing, and only Debian 12 and Ubuntu 22.04 or newer "
            "are set up from here; install what is missing by this system's means"
        )
    if plan.steps() and os.getuid() != 0 and not shutil.which("sudo"):
        raise EngineError(f"root or sudo is needed to {'; to '.join(plan.steps())}")
    return plan


def _tool_packages(with_engine: bool) -> tuple[str, ...]:
    """Return the missing packages beside the engine's."""
    packages = []
    if not importlib.util.find_spec("ensurepip"):
        packages.append(f"python3.{sys.version_info.minor}-venv")
    if with_engine and airgap.is_there():
        return tuple(packages)  # the images are made, and have the rest
    if not shutil.which("numactl"):
        packages.append("numactl")
    if with_engine and not os.environ.get("BASE_IMAGE"):
        packages += [] if shutil.which("mmdebstrap") else ["mmdebstrap"]
        packages += [] if DEBIAN_KEYRING.exists() else ["debian-archive-keyring"]
        # mmdebstrap without root works in a user namespace.
        packages += [] if os.getuid() == 0 or shutil.which("newuidmap") else ["uidmap"]
    return tuple(packages)


def _distribution() -> str:
    """Return debian or ubuntu, or nothing where packages can't be installed from here."""
    release = platform.freedesktop_os_release()
    name, version = release["ID"], release.get("VERSION_ID", "0").partition(".")[0]
    return name if name in OLDEST and int(version) >= OLDEST[name] else ""


def _wait_for_answer() -> None:
    deadline = time.monotonic() + ANSWER_WITHIN_S
    while not _succeeds(*_as_root("docker", "version")):
        if time.monotonic() > deadline:
            raise EngineError(
                f"the engine does not answer after {ANSWER_WITHIN_S} s; see /var/log/dockerd.log "
                "or `journalctl -u docker`"
            )
        time.sleep(0.5)


def _missing_plugins() -> list[str]:
    return [plugin for plugin in PLUGINS if not _succeeds("docker", plugin, "version")]


def _permission_denied() -> bool:
    return shutil.which("docker") is not None and "permission denied" in _output(
        "docker", "version"
    )


def _in_group() -> bool:
    groups = {group.gr_name: group.gr_mem for group in grp.getgrall()}
    return _user_name() in groups.get("docker", [])


def _user_name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _as_root(*command: str) -> list[str]:
    return [*command] if os.getuid() == 0 else ["sudo", *command]


def _succeeds(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr
