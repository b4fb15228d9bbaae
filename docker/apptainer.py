"""Run a stage in its image by Apptainer, on a machine without a container engine.

What the stage gets, compose.yaml says for all containers: program, variables, mounts, network.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker import containers, sif
from docker.build.graph import Service, Stage, expanded, read_service
from docker.host import network, user
from docker.host.asked import APPTAINER
from docker.host.client import fields
from docker.host.environment import apptainer_environment
from docker.host.variables import CERTIFICATES, MEMORY
from docker.local_runner import Runner, looked_at, run_command
from docker.outcome import Outcome
from docker.stage_environment import LOCKING, environment_of, require_no_paths_of_host
from stages import locks
from stages.errors import EngineError, StageError
from stages.folder.full_disk import temporary_directory
from stages.program.tether import tethered
from stages.setting import foreign_words
from stages.setting.programs import DOCTOR
from stages.settings import env_name

# The second is the name of its other line, and its own former one.
PROGRAMS = (APPTAINER, "singularity")
# Nothing of the user's: no home, no variables, no processes, a /tmp that is a new folder.
CONTAINED = (
    *("--containall", "--cleanenv", "--no-eval", "--no-umask"),
    *("--no-home", "--home", "/tmp", "--pwd", "/tmp"),
)
PLAINLY = ("--silent", "--nocolor")
ALONE = ("--net", "--network", "none")
# It waits for a line from this process, whose end closes the pipe without one.
WATCHED = '({ read -r _ <"/proc/$PPID/fd/$1" || kill -TERM $$; } &); shift; exec "$@"'
NOTHING, NO_NETWORK = "/dev/null", "none"
# With which it ends if it could not start what it was to run.
NOT_STARTED = 255
# Seconds; the first start may unpack the image.
START_S = 600.0


@dataclass(frozen=True, slots=True)
class Started:
    """By what a stage is started: program, its options for a network of its own, the image."""

    program: str
    alone: Sequence[str]
    image: sif.Sif


def prepare_apptainer(
    stages: list[Stage], artifacts: Path, _task: str, _verbose: bool = False
) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them in its image.

    Raises EngineError without Apptainer or images of this source, or if it can't start them,
    NotWritableError if `artifacts` is no folder.
    """
    require_no_paths_of_host(stages)
    program, names = _program(), {stage.name for stage in stages}
    if DOCTOR in names:
        said = foreign_words.last_line(_ask(program, "--version").stdout)
        print(f"engine  {said}", flush=True)
    root = _prepared(artifacts, names)
    files = sif.prepare(program, stages)
    if names & LOCKING:
        with locks.opened(locks.SHARED):
            pass
    alone = _isolation(program, files[stages[0]].path)

    def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
        try:
            with artifacts_folder.there(root, stage.name) as folder:
                return _run(stage, settings, folder, Started(program, alone, files[stage]))
        finally:
            with suppress(StageError, OSError):  # the next run as root says why it can't be given
                artifacts_folder.give_back(root)

    return run


def _program() -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not found:
        raise EngineError(
            f"there is no {' or '.join(PROGRAMS)} in PATH; load its module or install it, or use "
            "`--runner local`"
        )
    return found


def _prepared(artifacts: Path, names: Collection[str]) -> Path:
    """Return the artifacts folder, made ready for stages; doctor alone makes none."""
    if {*names} == {DOCTOR}:
        return looked_at(artifacts)
    return artifacts_folder.prepare(artifacts, user.invoking_user())


def _ask(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of Apptainer, and return what it printed; EngineError if it hangs."""
    try:
        return subprocess.run(
            tethered(command, environ=apptainer_environment()),
            env=apptainer_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_S,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise EngineError(
            f"{command[0]} does not start ({error}); fix it, or use `--runner local`"
        ) from None


def _isolation(program: str, image: Path) -> Sequence[str]:
    """Return the options for a network of its own, none, which is said, if it can't be had.

    Raises EngineError if Apptainer can't start anything in the image.
    """
    start = [program, *PLAINLY, "exec", *CONTAINED]
    if _ask(*start, *ALONE, str(image), "true").returncode == 0:
        return ALONE
    done = _ask(*start, str(image), "true")
    if done.returncode != 0:
        why = foreign_words.last_line(done.stderr)
        raise EngineError(
            f"{program} can't start {image} ({why}); fix that, or use `--runner local`"
        )
    print(
        "note: stages are not kept from the network, as this machine gives them none of their own"
    )
    return ()


def _run(stage: Stage, settings: Mapping[str, str], folder: Path, started: Started) -> Outcome:
    environ = _composed(stage, settings, started.image.digest) | {
        env_name("artifacts"): str(folder)
    }
    service = read_service(stage.name)
    prefix = f"{Path(started.program).name.upper()}ENV_"
    inside = {prefix + name: text for name, text in _environment(service, environ).items()}
    with temporary_directory("stage-") as scratch:
        command = _command(service, environ, started, scratch)
        variables = {**apptainer_environment(), **inside}
        with _watched(command) as watched:
            outcome = run_command(watched, scratch, variables, is_client=True)
    if outcome.exit_code == NOT_STARTED:
        reason = f"was not started by {started.program}; the lines above say why"
        return Outcome(EngineError.exit_code, outcome.seconds, reason)
    return outcome


@contextmanager
def _watched(command: Sequence[str]) -> Iterator[list[str]]:
    """Yield the command that runs `command`, and asks it to end when this process was killed.

    The kernel's own signal for that is lost where a user namespace is entered.
    """
    reading, writing = os.pipe()
    try:
        yield ["sh", "-c", WATCHED, "sh", str(reading), *command]
    finally:
        os.write(writing, b"\n")
        os.close(writing)
        os.close(reading)


def _composed(stage: Stage, settings: Mapping[str, str], digest: str) -> dict[str, str]:
    """Return what compose.yaml reads for a stage's container."""
    variables = {
        **containers.watching(),
        # No name by which an engine could end it.
        containers.CONTAINER: f"({APPTAINER}, started by process {os.getpid()})",
        CERTIFICATES: str(network.ca_bundle(settings) or ""),
    }
    return environment_of(stage, settings, variables, digest)


def _command(
    service: Service, environ: Mapping[str, str], started: Started, scratch: str
) -> list[str]:
    """Return the command that runs a service's program, by default its image's."""
    verb = "exec" if service.entrypoint else "run"
    alone = started.alone if service.network_mode == NO_NETWORK else ()
    mounts = [f"--mount={mount}" for mount in _mounts(service, environ)]
    options = [*CONTAINED, *alone, "--workdir", scratch, *mounts]
    image = str(started.image.path)
    return [started.program, *PLAINLY, verb, *options, image, *service.entrypoint]


def _mounts(service: Service, environ: Mapping[str, str]) -> list[str]:
    """Return what a service's container sees of this machine, but for what is nothing."""
    found = [(expanded(it.source, environ), it) for it in service.volumes]
    return [
        fields(
            "type=bind",
            f"source={source}",
            f"destination={expanded(mount.target, environ)}",
            *(["ro"] if mount.read_only else []),
        )
        for source, mount in found
        if source != NOTHING
    ]


def _environment(service: Service, environ: Mapping[str, str]) -> dict[str, str]:
    """Return a stage's variables; no limit of memory is among them, as none is set."""
    given = {
        name: environ.get(name) if text is None else expanded(text, environ)
        for name, text in service.environment.items()
        if name != MEMORY
    }
    return {name: text for name, text in given.items() if text is not None}
