"""The container engine and this machine's packages: find what is missing, and install it.

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
MIN_VERSIONS = {"debian": 12, "ubuntu": 22}
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
START_TIMEOUT_S = 60
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What must be done to this machine, as root.

    - `packages`: those to install.
    - `start`: whether to start the engine.
    - `group_user`: the user to add to the group docker, empty for none.
    """

    packages: tuple[str, ...] = ()
    start: bool = False
    group_user: str = ""

    def steps(self) -> list[str]:
        """Return the steps in words, for the user to agree to."""
        names = " ".join(self.packages)
        source = "from this distribution (on Debian 12 the engine from Debian 13)"
        steps = [f"install {names} {source}"] if names else []
        steps += ["start the engine (dockerd)"] if self.start else []
        group = f"add {self.group_user} to the group docker, which equals root's rights"
        return steps + ([group] if self.group_user else [])

    def arguments(self) -> list[str]:
        """Return the arguments with which docker/host/install.py carries this out."""
        start = ["--start"] if self.start else []
        return [*self.packages, *start, f"--group-user={self.group_user}"]


def summary() -> str:
    """Return the engine's version, storage driver and cgroup version, empty if none answers."""
    template = "{{.ServerVersion}}, {{.Driver}}, cgroup v{{.CgroupVersion}}"
    command = ["docker", "info", f"--format={template}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return "" if done.returncode else done.stdout.strip()


def memory() -> int:
    """Return the memory of the engine's machine in bytes, 0 if it does not say."""
    shown = _output("docker", "info", "--format={{.MemTotal}}").strip()
    return int(shown) if shown.isdigit() else 0


def require() -> None:
    """Raise EngineError, with the remedy, if no engine answers or its client lacks a plugin."""
    if not answers():
        raise EngineError(
            "no container engine answers; get one with `./bootstrap.py --yes pipeline`, or do "
            "without one: `invoke pipeline --runner local`"
        )
    missing = _missing_plugins()
    if missing:
        raise EngineError(
            f"the engine's client lacks {' and '.join(missing)}; install these plugins from where "
            "the engine came from"
        )


def answers() -> bool:
    """Return whether an engine answers this user."""
    return _succeeds("docker", "version")


def plan_setup(with_engine: bool = True) -> SetupPlan:
    """Return what this machine lacks; an engine that answers is left as it is.

    Raises EngineError if it can't be set up from here.
    """
    packages = _tool_packages(with_engine)
    if not with_engine:
        return _checked(SetupPlan(packages))
    if answers():
        require()
        return _checked(SetupPlan(packages))
    if os.environ.get("DOCKER_HOST"):
        raise EngineError("no engine answers at DOCKER_HOST; start that one, or unset DOCKER_HOST")
    return _checked(_engine_plan(packages))


def _engine_plan(packages: tuple[str, ...]) -> SetupPlan:
    """Return how to get an engine that answers this user, beside installing `packages`."""
    group_user = "" if os.getuid() == 0 or _in_group() else _user_name()
    plugins_missing = bool(_missing_plugins())
    if _permission_denied() and not plugins_missing:
        return SetupPlan(packages, group_user=group_user)
    if not shutil.which("dockerd", path=SYSTEM_PATH) or plugins_missing:
        packages += ENGINE_PACKAGES.get(_distribution(), ("docker",))
    return SetupPlan(packages, start=True, group_user=group_user)


def carry_out(plan: SetupPlan, assume_yes: bool) -> None:
    """Print what will be done, ask for consent unless it is assumed, and do it.

    Raises EngineError if consent is refused or a step fails.
    """
    if not plan.steps():
        return
    print("This machine will be changed, as root:")
    print("".join(f"  - {step}\n" for step in plan.steps()), end="", flush=True)
    if not assume_yes and not _agreed():
        raise EngineError("nothing was changed; say yes, or give --yes, to go on")
    command = _as_root(sys.executable, str(INSTALLER), *plan.arguments())
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise EngineError("the setup failed; fix what the lines above show and run this again")
    if plan.start:
        _wait_for_answer()


def needs_new_group() -> bool:
    """Return whether this user joined the group docker after this process had started."""
    return _permission_denied() and _in_group()


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def _checked(plan: SetupPlan) -> SetupPlan:
    """Return the plan; raise EngineError if this machine or user can't carry it out."""
    if plan.packages and not _distribution():
        raise EngineError(
            f"{', '.join(plan.packages)} missing, and only Debian 12 and Ubuntu 22.04 or newer "
            "are set up from here; install what is missing by this system's means"
        )
    if plan.steps() and os.getuid() != 0 and not shutil.which("sudo"):
        raise EngineError(f"root or sudo is needed to {'; to '.join(plan.steps())}")
    return plan


def _tool_packages(with_engine: bool) -> tuple[str, ...]:
    """Return the missing packages other than the engine's."""
    packages = []
    if not importlib.util.find_spec("ensurepip"):
        packages.append(f"python3.{sys.version_info.minor}-venv")
    if with_engine and airgap.has_export():
        return tuple(packages)  # its images are built already, and hold the other tools
    if not shutil.which("numactl"):
        packages.append("numactl")
    if with_engine and not os.environ.get("BASE_IMAGE"):
        packages += _base_image_packages()
    return tuple(packages)


def _base_image_packages() -> list[str]:
    """Return the missing packages that build the base image."""
    packages = [] if shutil.which("mmdebstrap") else ["mmdebstrap"]
    packages += [] if DEBIAN_KEYRING.exists() else ["debian-archive-keyring"]
    # Without root, mmdebstrap works in a user namespace.
    return packages + ([] if os.getuid() == 0 or shutil.which("newuidmap") else ["uidmap"])


def _distribution() -> str:
    """Return debian or ubuntu, or "" if packages can't be installed from here."""
    release = platform.freedesktop_os_release()
    name, version = release["ID"], release.get("VERSION_ID", "0").partition(".")[0]
    return name if name in MIN_VERSIONS and int(version) >= MIN_VERSIONS[name] else ""


def _wait_for_answer() -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _succeeds(*_as_root("docker", "version")):
        if time.monotonic() > deadline:
            raise EngineError(
                f"the engine does not answer after {START_TIMEOUT_S} s; see /var/log/dockerd.log "
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
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def _output(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout + done.stderr
