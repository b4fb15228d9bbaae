"""One container per stage: start it, end it whatever ends this process, find what others left."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docker.build.graph import NOTEBOOK, PINNED_IMAGE, Stage
from docker.host import processes
from docker.host.children import pass_on, run_gently, shared_errors
from docker.host.client import ask
from docker.host.elsewhere import by_ssh, client_words, watched
from docker.host.env_file import project_name
from docker.host.environment import engine_environment
from docker.host.variables import OVERRIDE
from docker.outcome import STATE, Outcome, cut_off, of_container
from docker.paths import COMPOSE_FILE, ROOT
from stages.errors import ArtifactsBusyError, EngineError
from stages.program import streams
from stages.program.clock import zone
from stages.program.signals import held_back
from stages.program.streams import redraws
from stages.program.tether import tethered
from stages.setting.programs import DOCTOR, PROGRAMS
from stages.settings import env_name

COMPOSE = ("docker", "compose", "--progress", "quiet")
# No terminal and no input: a stage that read them would take what the caller's script reads, and
# one in the background would stop for ever.
UNATTENDED = ("--no-deps", "--no-TTY", "--interactive=false")
CHECKOUT, STARTED_BY = "vgg19.checkout", "vgg19.started-by"
# compose.yaml's variables for a container's name, and for whether a person watches.
CONTAINER, TERMINAL = "STAGES_CONTAINER", "STAGES_TERMINAL"
CLIENT = "STAGES_CLIENT"
# And for the zone of the times of day that it shows.
ZONE = "STAGES_TZ"
# Seconds for a stage to end by itself; it takes less, see stages.errors.GIVE_UP_S.
GRACE_S = 3
# Seconds for the engine to do what takes it one or two, so that one that hangs holds up no end.
ENGINE_S = 60.0
# How often, and after how many seconds, to look for a container that was being created.
TRIES, PAUSE_S = 4, 0.25
FORMAT = f'{{{{.Names}}}}\t{{{{.State}}}}\t{{{{.RunningFor}}}}\t{{{{.Label "{STARTED_BY}"}}}}\t'
FORMAT += '{{.Label "com.docker.compose.service"}}'
COLUMNS = FORMAT.count("\t") + 1
# As the engine allows it: never one of its client's options.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
WRITERS = {*PROGRAMS, NOTEBOOK} - {DOCTOR}


def labels() -> list[str]:
    """Return the options by which a container of this process is known if it is left over."""
    found = {CHECKOUT: str(ROOT), STARTED_BY: str(processes.current())}
    return [f"--label={label}={value}" for label, value in found.items()]


def run(stage: Stage, environ: Mapping[str, str], image: str) -> Outcome:
    """Run a stage in a container of `image`, an ID of the engine; nothing of it is left after."""
    name = f"{project_name()}-{stage.name}-{os.getpid()}"
    command = [*COMPOSE, "run", *UNATTENDED, f"--name={name}", *labels(), stage.name]
    known = {PINNED_IMAGE: image, CONTAINER: name, CLIENT: client_words()}
    variables = {**environ, **known, **watching()}
    client = None
    try:
        with held_back():  # an interruption before it has its name here would leave it running
            client = _start(command, variables)
        with watched(partial(_kill, client)):
            pass_on(client)
            code = client.wait()
        if code:
            streams.require_read()
        state = _engine("inspect", f"--format={STATE}", name)
        if code and state is None and by_ssh():
            return cut_off(by_ssh())
        return of_container(state or "", code if code >= 0 else 128 - code)
    except BaseException:
        _stop(name, client)
        raise
    finally:
        _engine("rm", "--force", name)
        if client and client.stdout:
            client.stdout.close()


def watching() -> dict[str, str]:
    """Return the variables for what a person sees of a stage: whether one does, and the zone."""
    return {TERMINAL: "1" if redraws(sys.stdout) else "", ZONE: zone()}


def run_service(name: str, failure: str, variables: Mapping[str, str] = {}) -> None:
    """Run a service of compose.yaml that prepares something; EngineError if it fails.

    `variables` are for compose, beside those of the shell and of .env.
    """
    command = [*COMPOSE, "run", "--rm", *UNATTENDED, name]
    environ = {**compose_environment(os.environ), **variables}
    if run_gently(tethered(command), GRACE_S, cwd=ROOT, env=environ) != 0:
        streams.require_read()
        raise EngineError(failure)


def _start(command: list[str], environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a client of the engine, out of reach of Ctrl-C: this process ends it in order."""
    return subprocess.Popen(
        tethered(command, environ=environ),
        cwd=ROOT,
        env={**environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=shared_errors(),
        start_new_session=True,
    )


def compose_environment(environ: Mapping[str, str], *more: Path) -> dict[str, str]:
    """Return the variables for compose: those of `environ` that don't change what our commands do.

    STAGES_OVERRIDE names a file that is to change compose.yaml, as compose merges such files; it
    comes after `more`, which are of this project.
    """
    kept = engine_environment(environ)
    override = environ.get(OVERRIDE)
    files = [*more, *([Path(override).absolute()] if override else [])]
    named = os.pathsep.join(map(str, (COMPOSE_FILE, *files))) if files else ""
    return {**kept, **({"COMPOSE_FILE": named} if named else {})}


def _stop(name: str, client: "subprocess.Popen[bytes] | None") -> None:
    """End a container, also one that is just being created, and its client."""
    if client is None:
        return
    # The client first, with its plugin: what the stage then says of its end is said here.
    _kill(client)
    client.wait()
    stopped = _engine("stop", f"--time={GRACE_S}", name) is not None
    for _ in range(0 if stopped else TRIES):
        time.sleep(PAUSE_S)
        _engine("rm", "--force", name)


def _kill(client: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Found:
    """A container that some run started; `is_orphan` if what started it is known to have ended."""

    name: str
    state: str
    since: str
    is_orphan: bool
    service: str

    @property
    def how_to_end(self) -> str:
        """The command that ends it."""
        return f"`{client_words()} rm --force {self.name}`"


def require_free(artifacts: Path | str, programs: set[str]) -> None:
    """Make sure that no other container works in `artifacts`; name those left by killed runs.

    That is a folder of this machine, or the name of a volume.

    Raises ArtifactsBusyError if there is one, and one of `programs` would write there, too.
    """
    there = _find(f"volume={artifacts}")
    names = {it.name for it in there}
    # By name: how long one has been running may be said otherwise a moment later.
    known = {it.name: it for it in (*there, *_find(f"label={CHECKOUT}={ROOT}"))}
    for container in known.values():
        _deal_with_orphan(container, blocks=container.name in names and bool(WRITERS & programs))
    working = [it for it in there if it.state == "running" and it.service in WRITERS]
    if working and WRITERS & programs:
        raise ArtifactsBusyError(
            f"{working[0].service} of another run works in {artifacts} (container "
            f"{working[0].name}, started {working[0].since}); wait until it ends, set "
            f"{env_name('artifacts')} to another folder, or end it: {working[0].how_to_end}"
        )


def _deal_with_orphan(container: Found, blocks: bool) -> None:
    """Remove what has ended and is only left; what still works is the user's to end."""
    if not container.is_orphan:
        return
    if container.state != "running":
        _engine("rm", "--force", container.name)
        return
    cause = f"{container.name}, which a run that was killed started {container.since}, still works"
    if blocks:
        raise ArtifactsBusyError(f"{cause}; end it: {container.how_to_end}")
    print(f"note: {cause}; {container.how_to_end} ends it", file=sys.stderr, flush=True)


def _find(condition: str) -> list[Found]:
    """Return the containers for which a condition of `docker ps` holds."""
    shown = _engine("ps", "--all", f"--filter={condition}", f"--format={FORMAT}") or ""
    return parse_rows(shown)


def parse_rows(shown: str) -> list[Found]:
    """Return the containers of rows in FORMAT, without what is no such row.

    The labels in it may be anyone's, with tabs and ends of lines.
    """
    rows = (line.split("\t") for line in shown.split("\n"))
    return [
        Found(row[0], row[1], row[2].lower(), bool(starter and starter.has_ended()), row[4])
        for row in rows
        if len(row) == COLUMNS and NAME.fullmatch(row[0])
        for starter in [processes.parse(row[3])]
    ]


def _engine(*arguments: str) -> str | None:
    """Return what the engine's client prints, None if it fails or hangs.

    Ctrl-C does not reach it.
    """
    answer = ask(*arguments, timeout_s=ENGINE_S, start_new_session=True)
    return answer.output if answer.ok else None
