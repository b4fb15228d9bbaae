"""Run a stage as a process of this host, in a virtual environment of its runtime."""

import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker.build import requirements
from docker.build.graph import Stage
from docker.containers import GRACE_S
from docker.host import emulator, env_file, interpreter, network, venv
from docker.host.children import run_gently
from docker.host.environment import child_environment
from docker.outcome import KILLED, Outcome, killed
from docker.paths import ROOT
from docker.standing import from_here
from stages.common.host.oom_kills import OomKills
from stages.errors import PinningError, StageError
from stages.folder import own_caches
from stages.folder.full_disk import temporary_directory
from stages.folder.usable import prepare, require_usable, resolved
from stages.program.tether import tethered
from stages.runtimes import (
    PEERS_RUNTIME,
    RUNTIME_NAMES,
    RUNTIMES,
    Runtime,
    get_runtime,
)
from stages.setting.addresses import redacted_handle
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE
from stages.settings import env_name, specs_of

BACKBONE = env_name("backbone")
MIRROR = env_name("download_mirror")
EMULATOR = env_name("emulator")


def _venv_folder(runtime: Runtime) -> Path:
    return ROOT / f".venv-{runtime.environment}"


# For the local runner: the virtual environments, and the locks that go into each, in order.
VENVS = {runtime.name: (_venv_folder(runtime), runtime.requirements) for runtime in RUNTIMES}
VENVS[PEERS] = (
    _venv_folder(get_runtime(PEERS_RUNTIME)),
    requirements.all_layers(get_runtime(PEERS_RUNTIME)),
)
VENVS[REHEARSE] = VENVS[PEERS]

# Seconds for a client to end its stage, and to clean up after it: it unmounts an image.
CLIENT_GRACE_S = GRACE_S + 10.0

Runner = Callable[[Stage, Mapping[str, str]], Outcome]


def prepare_local(
    stages: list[Stage], artifacts: Path, _task: str, _verbose: bool = False
) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them as a process.

    Raises VenvError without the images' version of Python, PinningError without numactl,
    NotWritableError if `artifacts` is no folder.
    """
    names = {stage.name for stage in stages}
    root = looked_at(artifacts) if names == {DOCTOR} else prepare(artifacts)
    if not shutil.which("numactl"):
        raise PinningError("numactl, which pins the cores, is missing; install the package numactl")
    variables = {env_name("artifacts"): str(root)}
    if REHEARSE in names:
        variables |= _emulator()
    pythons = {stage: str(_prepare_venv(_venv_of(stage))) for stage in stages}
    if {PEERS, REHEARSE} & names:
        variables |= _other_interpreters()

    def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
        try:
            return _run_process(stage, pythons[stage], {**settings, **variables})
        finally:
            with suppress(StageError, OSError):  # the next run as root says why it can't be given
                artifacts_folder.give_back(root)

    return run


def to_install(stages: Sequence[Stage]) -> str:
    """Return in words which virtual environments prepare_local would first create."""
    folders = {VENVS[_venv_of(stage)][0] for stage in stages}
    missing = sorted(folder.name for folder in folders if not folder.is_dir())
    return f"to be installed: {', '.join(missing)}" if missing else "all are installed"


def _emulator() -> dict[str, str]:
    """Return the variable that names the emulator, none if the settings name one."""
    if given := env_file.environment().get(EMULATOR):
        emulator.require_given(given)
        return {}
    return {EMULATOR: str(emulator.get_or_build())}


def _other_interpreters() -> dict[str, str]:
    """Return the variables that name the interpreters of runtimes in other environments."""
    return {
        env_name(runtime.interpreter_setting): str(_prepare_venv(runtime.name))
        for runtime in RUNTIMES
        if runtime.interpreter_setting
    }


def looked_at(artifacts: Path) -> Path:
    """Return the folder, links followed, which doctor only reads: a slip in its name makes none."""
    require_usable(artifacts)
    return resolved(artifacts)


def _run_process(stage: Stage, python: str, environ: Mapping[str, str]) -> Outcome:
    command = [python, "-m", f"stages.{stage.name}"]
    # As in the images: a scratch working directory, the code found by PYTHONPATH.
    own = _of_download(environ) if stage.name == DOWNLOAD else _without_secrets(stage, environ)
    environment = {**child_environment(own), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with temporary_directory("stage-") as scratch:
        # TensorFlow leaves files in its temporary folder if it is killed.
        variables = {**environment, "TMPDIR": scratch}
        return run_command(command, scratch, variables)


def run_command(
    command: Sequence[str], cwd: str, environ: Mapping[str, str], is_client: bool = False
) -> Outcome:
    """Run a stage's command, which ends with this process; return how it ended.

    A client hands signals on to the stage: it gets Ctrl-C from this process alone, and sees by
    itself to its end with this process.
    """
    began, kills = time.monotonic(), OomKills()
    own, grace_s = (command, CLIENT_GRACE_S) if is_client else (tethered(command), GRACE_S)
    code = run_gently(own, grace_s, cwd=cwd, env=environ, is_stage=True, new_session=is_client)
    seconds = time.monotonic() - began
    if code in (-signal.SIGKILL, KILLED):
        return killed(seconds, kills.how_killed())
    return Outcome(code if code >= 0 else 128 - code, seconds)


def _without_secrets(stage: Stage, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a stage that may run a model: without passwords for a network."""
    kept = network.without_network(environ)
    kept.pop(MIRROR, None)
    handle = kept.pop(BACKBONE, "")
    reads = handle and "backbone" in specs_of(stage.name)
    return {**kept, **({BACKBONE: redacted_handle(handle)} if reads else {})}


def _of_download(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with this machine's certificates and the user's own caches."""
    bundle = network.ca_bundle(environ)
    caches = own_caches.as_seen_from(from_here(""), environ)
    return {**environ, **caches, **({"SSL_CERT_FILE": str(bundle)} if bundle else {})}


def _venv_of(stage: Stage) -> str:
    """Return a stage's key in VENVS: the end of its image's name, else the first runtime."""
    ending = stage.target.partition("-")[2] or stage.target
    return ending if ending in VENVS else RUNTIME_NAMES[0]


def _prepare_venv(name: str) -> Path:
    """Return the Python of one of VENVS, which is created if need be."""
    folder, locks = VENVS[name]
    paths = [requirements.path_of(lock) for lock in locks]
    return venv.get_or_create(folder, _stages_python, paths)


def _stages_python() -> str:
    """Return a Python of the images' version; VenvError if there is none."""
    python = interpreter.find(requirements.STAGES_PYTHON)
    if not python:
        raise venv.VenvError(
            f"the local runner needs Python {requirements.STAGES_PYTHON}, the version in the "
            "images; install it, or leave out `--runner local`"
        )
    return python
