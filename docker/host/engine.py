"""The container engine: whether one answers that can do what a run needs, and if not, why.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import enum
import grp
import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.host import capability, client
from docker.host.asked import or_without_engine
from docker.host.client import CLIENT, TIMED_OUT, ask, ask_for_object
from docker.host.environment import DEFAULT_CONTEXT, context_of
from stages.errors import EngineError
from stages.program.printable import printable
from stages.program.tether import tethered_through
from stages.setting.suggestion import quoted

GROUP = "docker"
# How the client begins what the engine itself answers.
BY_ENGINE, MAX_SAID = "Error response from daemon: ", 200
API_VERSION, ONE_RELEASE = "DOCKER_API_VERSION", "install a client and an engine of one release"
# By the engine's driver, what `docker run --cgroup-parent` calls the root.
ROOT_CGROUPS: Mapping[str, str] = {"cgroupfs": "/", "systemd": "-.slice"}


class State(enum.Enum):
    """What became of a question to the engine."""

    ANSWERS = enum.auto()
    NO_CLIENT = enum.auto()
    FOREIGN = enum.auto()
    DENIED = enum.auto()
    SILENT = enum.auto()
    REFUSES = enum.auto()
    DOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine says of itself, as `docker info` has it.

    - `name`: that of the machine it runs on.
    - `rootless`: it runs without root, so that root in a container is the user who started it.
    - `remaps_users`: a user in a container is another one outside.
    - `desktop`: it runs in a virtual machine of Docker Desktop.
    - `cgroup_driver`: what makes its containers' control groups, `systemd` or `cgroupfs`.
    - `memory`: what its machine has, in bytes, 0 if it does not say.
    """

    name: str = ""
    rootless: bool = False
    remaps_users: bool = False
    desktop: bool = False
    memory: int = 0
    cgroup_driver: str = ""

    @property
    def root_cgroup(self) -> str:
        """The name by which a container is put into the root of the machine's control groups.

        There its shares count against each program of the machine; anywhere else, only against
        those in the same group. Empty if the engine can't reach that root.
        """
        if self.rootless or self.desktop:
            return ""
        return ROOT_CGROUPS.get(self.cgroup_driver, "")

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "EngineInfo":
        """Return what is said in the JSON of `docker info`."""
        options = {str(option).partition(",")[0] for option in fields.get("SecurityOptions") or []}
        return cls(
            str(fields.get("Name", "")),
            "name=rootless" in options,
            "name=userns" in options,
            "Docker Desktop" in str(fields.get("OperatingSystem", "")),
            fields["MemTotal"] if isinstance(fields.get("MemTotal"), int) else 0,
            str(fields.get("CgroupDriver", "")),
        )


def read_info() -> EngineInfo:
    """Return what the engine says of itself; nothing in particular if it does not answer."""
    return EngineInfo.of(ask_for_object("info", "--format={{json .}}"))


def summary() -> str:
    """Return the engine's version, storage driver and cgroup version, empty if none answers."""
    answer = ask("info", "--format={{.ServerVersion}}, {{.Driver}}, cgroup v{{.CgroupVersion}}")
    return printable(answer.output) if answer.ok else ""


def answers() -> bool:
    """Return whether an engine answers this user."""
    return find_state() is State.ANSWERS


def find_state() -> State:
    """Return whether an engine answers this user, or what stands in the way."""
    if not shutil.which(CLIENT):
        return State.NO_CLIENT
    if _foreign_client(""):
        return State.FOREIGN
    answer = ask("version")
    if answer.ok:
        return State.ANSWERS
    if answer.code == TIMED_OUT:
        return State.SILENT
    if "permission denied" in answer.errors:
        return State.DENIED
    return State.REFUSES if BY_ENGINE in answer.errors else State.DOWN


def require(task: str) -> None:
    """Raise EngineError, with the remedy, if no engine answers that can do what a run needs.

    `task` is the one that was asked for, with what it can't do without, as the remedy names it.
    """
    if (state := find_state()) is not State.ANSWERS:
        raise error_of(state, task)
    capability.require()


def error_of(state: State, task: str, environ: Mapping[str, str] = os.environ) -> EngineError:
    """Return the error that says why no engine answers in this state, and what to do."""
    if state is State.FOREIGN:
        return EngineError(_foreign_client(task))
    if state is State.SILENT:
        return EngineError(
            f"{_place(environ)} does not answer within {client.TIMEOUT_S:g} s; restart it "
            "(`sudo systemctl restart docker`, if it is this machine's)"
        )
    if state is State.REFUSES:
        return EngineError(_refused(environ))
    if state in (State.DENIED, State.DOWN) and is_elsewhere(environ):
        refusal = "no engine answers at" if state is State.DOWN else "this user is refused by"
        return EngineError(f"{refusal} {_place(environ)}; {_other_place(environ, task)}")
    if state is State.DENIED:
        return EngineError(_denied(task))
    return EngineError(f"no container engine answers; {_get_one(task)}")


def is_elsewhere(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the user has chosen another engine than this machine's own."""
    return bool(environ.get("DOCKER_HOST")) or context_of(environ) != DEFAULT_CONTEXT


def needs_new_group() -> bool:
    """Return whether this user joined the group docker after this process had started."""
    return in_group() and find_state() is State.DENIED


def as_member(command: Sequence[str]) -> list[str]:
    """Return the command that runs `command` as who may use the engine: in the group docker.

    It is the same one unless that group is new to this session. Raises EngineError without sg.
    """
    if not needs_new_group():
        return [*command]
    if not shutil.which("sg"):
        raise EngineError(
            "this session is older than your membership in the group docker, and `sg`, which "
            "would make up for it, is missing; log out and in again, and run this again"
        )
    return ["sg", GROUP, "-c", tethered_through(command)]


def in_group() -> bool:
    """Return whether this user is listed in the group docker, since this session began or not."""
    try:
        return user_name() in grp.getgrnam(GROUP).gr_mem
    except KeyError:
        return False


def user_name() -> str:
    """Return this user's name; the number, if it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _foreign_client(task: str) -> str:
    """Return what is wrong with a client that is another engine's, empty if it is docker's own."""
    version = ask("--version").output.lower()
    for other in ("podman", "nerdctl"):
        if other in version:
            return (
                f"the command docker is {other}'s here, which does not do all that a run needs; "
                f"install Docker's own engine and client{or_without_engine(task)}"
            )
    if Path(shutil.which(CLIENT) or "").resolve().name == "snap":
        return (
            "the engine is a snap, which sees neither /tmp nor hidden folders; install the "
            f"distribution's (`sudo snap remove docker && ./bootstrap.py --yes {task}`)"
            f"{or_without_engine(task)}"
        )
    return ""


def _get_one(task: str) -> str:
    return f"get one with `./bootstrap.py --yes {task}`{or_without_engine(task)}"


def _denied(task: str) -> str:
    if in_group():
        return (
            "this session is older than your membership in the group docker; log out and in "
            "again, or run the task by ./bootstrap.py, which needs neither"
        )
    return (
        f"{user_name()} may not use the engine; {_who_adds(task)} you to the "
        f"group docker (which equals root's rights){or_without_engine(task)}"
    )


def _refused(environ: Mapping[str, str]) -> str:
    said = printable(ask("version").errors.rpartition(BY_ENGINE)[2], MAX_SAID)
    way = f"unset {API_VERSION}" if environ.get(API_VERSION) else ONE_RELEASE
    return f"{_place(environ)} refuses this client: {said}; {way}"


def _who_adds(task: str) -> str:
    if shutil.which("sudo"):
        return f"`./bootstrap.py --yes {task}` adds"
    return "as there is no sudo, have root add"


def _place(environ: Mapping[str, str]) -> str:
    """Return which engine is asked, in words."""
    if environ.get("DOCKER_HOST"):
        return "DOCKER_HOST"
    context = context_of(environ)
    named = f"the context {quoted(context)} of docker"
    return "the engine" if context == DEFAULT_CONTEXT else named


def _other_place(environ: Mapping[str, str], task: str) -> str:
    """Return how to have that engine answer, or this machine's be asked."""
    chosen = next((name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if environ.get(name)), "")
    back = f"unset {chosen}" if chosen else f"`docker context use {DEFAULT_CONTEXT}`"
    return f"start that one, or {back}, and {_get_one(task)}"
