"""What this machine lacks for a run, and how it gets it: asked first, then done as root.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.host import airgap, asking, capability, engine, interpreter, visibility
from docker.host.asked import Asked, or_without_engine
from docker.host.distribution import ENGINE_PACKAGES, this_distribution
from docker.host.engine import State
from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import EngineError
from stages.program import streams

INSTALLER = Path(__file__).with_name("install.py")
BASE_IMAGE_PACKAGES = {"mmdebstrap", "debian-archive-keyring", "uidmap"}
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Packages by a program of each.
NUMACTL = {"numactl": "numactl"}
SLURM = {"slurmctld": "slurm-wlm", "munged": "munge", "qsub": "slurm-wlm-torque"}
SSH = {"sshd": "openssh-server", "ssh": "openssh-client"}
START_TIMEOUT_S = 60.0
SUDO_TIMEOUT_S = 10.0
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What must be done to this machine, as root.

    - `packages`: those to install.
    - `next_release`: whether those of the engine come from the distribution's next release.
    - `start`: whether to start the engine.
    - `group_user`: the user to add to the group docker, empty for none.
    """

    packages: tuple[str, ...] = ()
    next_release: bool = False
    start: bool = False
    group_user: str = ""

    def steps(self) -> list[str]:
        """Return the steps in words, for the user to agree to."""
        source = "from this distribution" + (
            ", the engine from Debian 13, as Debian 12's is too old" if self.next_release else ""
        )
        steps = [f"install {' '.join(self.packages)} {source}"] if self.packages else []
        if self.next_release:
            steps.append(
                "keep Debian 13 as a source of the engine alone, so that `apt upgrade` updates it "
                "(vgg19-engine in /etc/apt/sources.list.d and /etc/apt/preferences.d)"
            )
        steps += ["start the engine (dockerd)"] if self.start else []
        return steps + self._joining()

    def in_short(self) -> str:
        """Return the steps in a few words, as part of a sentence."""
        install = [f"install {' '.join(self.packages)}"] if self.packages else []
        parts = install + (["start the engine"] if self.start else []) + self._joining()
        return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))

    def _joining(self) -> list[str]:
        step = f"add {self.group_user} to the group docker (which equals root's rights)"
        return [step] if self.group_user else []

    def arguments(self) -> list[str]:
        """Return the arguments with which docker/host/install.py carries this out."""
        chosen = {"--next-release": self.next_release, "--start": self.start}
        flags = [flag for flag, is_set in chosen.items() if is_set]
        return [*self.packages, *flags, f"--group-user={self.group_user}"]


def plan_setup(asked: Asked, creates_venv: bool = True) -> SetupPlan:
    """Return what this machine lacks for what was asked; an engine that answers is left as it is.

    What makes the base image is among it only if there is no engine yet that could have it:
    `plan_base_image` says later if it is needed. `creates_venv` is whether a virtual environment
    will be made by this Python. Raises EngineError if this machine can't be set up from here.
    """
    packages = _venv_packages() if creates_venv else ()
    packages += _missing(NUMACTL) if asked.runs_here else ()
    packages += _missing(SLURM) if asked.starts_slurm else ()
    packages += _missing(SSH) if asked.starts_sshd else ()
    if not asked.needs_engine:
        return _checked(SetupPlan(packages), asked)
    state = engine.find_state()
    if state is State.ANSWERS:
        capability.require()
        return _checked(SetupPlan(packages), asked)
    if state in (State.FOREIGN, State.SILENT, State.REFUSES) or engine.is_elsewhere():
        raise engine.error_of(state, asked.task)
    return _checked(_engine_plan(packages, state), asked)


def plan_base_image(asked: Asked, python: str) -> SetupPlan:
    """Return what is missing to make the base image, nothing if what was asked makes none.

    `python` has the packages of invoke. Raises EngineError if this machine can't be set up.
    """
    packages = _base_image_packages() if asked.makes_images else ()
    if not packages or not _makes_base_image(asked, python):
        return SetupPlan()
    return _checked(SetupPlan(packages), asked)


def _makes_base_image(asked: Asked, python: str) -> bool:
    """Return whether the images are not there, nor what they are made from; the engine knows."""
    command = engine.as_member([python, "-m", "docker.base_image_need", *asked.words])
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=child_environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return done.returncode == 0  # else the task itself says what is the matter


def _engine_plan(packages: tuple[str, ...], state: State) -> SetupPlan:
    """Return how to get an engine that answers this user, beside installing `packages`."""
    group_user = "" if os.getuid() == 0 or engine.in_group() else engine.user_name()
    plugins_missing = bool(capability.missing_plugins())
    if state is State.DENIED and not plugins_missing:
        return SetupPlan(packages, group_user=group_user)
    release, from_next = this_distribution(), False
    if not shutil.which("dockerd", path=SYSTEM_PATH) or plugins_missing:
        tools = () if airgap.has_export() else (*_missing(NUMACTL), *_base_image_packages())
        engine_packages = ENGINE_PACKAGES.get(release.family, ("docker",))
        packages = tuple(dict.fromkeys((*packages, *tools, *engine_packages)))
        from_next = release.takes_engine_from_next
    return SetupPlan(packages, next_release=from_next, start=True, group_user=group_user)


def carry_out(plan: SetupPlan, assume_yes: bool) -> None:
    """Print what will be done, ask for consent unless it is assumed, and do it.

    Raises EngineError if consent is refused or a step fails.
    """
    if not plan.steps():
        return
    print("This machine will be changed, as root:")
    print("".join(f"  - {step}\n" for step in plan.steps()), end="", flush=True)
    if not assume_yes and not asking.agreed():
        raise EngineError("nothing was changed; say yes, or give --yes, to go on")
    command = _as_root(interpreter.base_python(), "-I", str(INSTALLER), *plan.arguments())
    environment = child_environment(os.environ)
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        streams.require_read()
        raise EngineError("the setup failed; fix what the lines above show and run this again")
    if plan.start:
        _wait_for_answer()


def _checked(plan: SetupPlan, asked: Asked) -> SetupPlan:
    """Return the plan; raise EngineError if this machine or user can't carry it out."""
    release = this_distribution()
    if plan.packages and not release.is_supported:
        raise EngineError(
            f"{', '.join(plan.packages)} missing, and only Debian 12 and Ubuntu 22.04 or newer "
            f"are set up from here, not {release.name}; install what is missing by this system's "
            "means"
        )
    if plan.steps() and os.getuid() != 0:
        _require_sudo(plan, asked)
    return plan


def _require_sudo(plan: SetupPlan, asked: Asked) -> None:
    """Raise EngineError if this user can't become root, or could only at a terminal."""
    if not shutil.which("sudo"):
        without = _without_root(plan, asked)
        raise EngineError(
            f"root or sudo is needed to {plan.in_short()}; have root do that{without}"
        )
    if not asking.is_possible() and not _sudo_asks_nothing():
        raise EngineError(
            f"sudo asks for a password, and there is no terminal to give it at; as root, or at "
            f"a terminal, run this again to {plan.in_short()}"
        )


def _without_root(plan: SetupPlan, asked: Asked) -> str:
    """Return what can be done by a user who can't become root."""
    if not asked.needs_engine:
        return ""
    if {*plan.packages} <= BASE_IMAGE_PACKAGES and not plan.start and not plan.group_user:
        return ", or set BASE_IMAGE to a Debian 12 image, which needs none of them"
    return or_without_engine(asked.task)


def _sudo_asks_nothing() -> bool:
    return _runs_within(SUDO_TIMEOUT_S, "sudo", "-n", "true")


def _venv_packages() -> tuple[str, ...]:
    """Return the missing package with which this Python makes virtual environments."""
    # Only the distribution's own Python gets it from a package.
    own = interpreter.base_python().startswith("/usr/bin/")
    lacks_it = own and not importlib.util.find_spec("ensurepip")
    return (f"python3.{sys.version_info.minor}-venv",) if lacks_it else ()


def _missing(packages: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(packages[it] for it in packages if not shutil.which(it, path=SYSTEM_PATH))


def _base_image_packages() -> tuple[str, ...]:
    """Return the missing packages that build the base image."""
    if os.environ.get("BASE_IMAGE") or airgap.has_export():
        return ()  # it is another's, or in images that are there
    packages: tuple[str, ...] = () if shutil.which("mmdebstrap") else ("mmdebstrap",)
    packages += () if DEBIAN_KEYRING.exists() else ("debian-archive-keyring",)
    # Without root, mmdebstrap works in a user namespace.
    return packages + (() if os.getuid() == 0 or shutil.which("newuidmap") else ("uidmap",))


def _wait_for_answer() -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _runs_within(START_TIMEOUT_S, *_as_root("docker", "version")):
        if time.monotonic() > deadline:
            where = " (this is a container, which must be privileged for that)"
            raise EngineError(
                f"the engine does not answer after {START_TIMEOUT_S:g} s; see /var/log/dockerd.log "
                f"or `journalctl -u docker`{where if visibility.in_container() else ''}"
            )
        time.sleep(0.5)


def _as_root(*command: str) -> list[str]:
    return [*command] if os.getuid() == 0 else ["sudo", *command]


def _runs_within(timeout_s: float, *command: str) -> bool:
    """Return whether a command ends well, and within `timeout_s` seconds."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
