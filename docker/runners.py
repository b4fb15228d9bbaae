"""Run a stage in its container, or as a process of this host; the stage is the same in both."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker import containers, images
from docker.build import requirements
from docker.build.graph import Stage
from docker.containers import GRACE_S, require_free
from docker.host import (
    emulator,
    engine,
    env_file,
    interpreter,
    network,
    own_files,
    user,
    venv,
    visibility,
)
from docker.host.children import run_gently
from docker.host.environment import child_environment
from docker.host.variables import NETWORK
from docker.outcome import Outcome, killed
from docker.paths import ROOT
from docker.reproduce.locked_images import resolve
from docker.standing import from_here
from stages import locks
from stages.common.host.oom_kills import OomKills
from stages.errors import NotWritableError, PinningError, SettingsError, StageError
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
from stages.setting.programs import DOCTOR, DOWNLOAD, MEASURING, PEERS, REHEARSE, STAGES
from stages.settings import env_name, specs_of

STAGES_PYTHON = "3.11"
# By which compose.yaml gets the backbone's handle for train, without its secrets.
SHOWN_BACKBONE = "STAGES_BACKBONE"
BACKBONE, DATA = env_name("backbone"), env_name("data")
MIRROR = env_name("download_mirror")
TRAIN = STAGES[0]


def _venv_folder(runtime: Runtime) -> Path:
    return ROOT / f".venv-{runtime.environment}"


# For the local runner: the virtual environments, and the locks that go into each, in order.
VENVS = {runtime.name: (_venv_folder(runtime), runtime.requirements) for runtime in RUNTIMES}
VENVS[PEERS] = (
    _venv_folder(get_runtime(PEERS_RUNTIME)),
    (*get_runtime(PEERS_RUNTIME).requirements, *requirements.EXTRA_LAYERS[PEERS_RUNTIME]),
)
VENVS[REHEARSE] = VENVS[PEERS]
EMULATOR = env_name("emulator")
# Settings that no container gets.
OF_LOCAL = ("emulator", "itex_python")


Runner = Callable[[Stage, Mapping[str, str]], Outcome]


def prepare_docker(
    stages: list[Stage], artifacts: Path, task: str, verbose: bool = False
) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them in its container.

    `task` is the one that was asked for; with `verbose`, what builds print is shown.

    Raises EngineError if the engine does not answer or an image can't be built,
    NotWritableError if `artifacts` is no folder.
    """
    _require_no_paths_of_host(stages)
    engine.require(task)
    owner = user.invoking_user()
    composed = env_file.compose_variables(owner, engine.read_info())
    env_file.write(composed)
    root = artifacts_folder.prepare(artifacts, owner)
    visibility.require_visible(root)
    require_free(root, {stage.name for stage in stages})
    images.build_missing(stages, os.environ, verbose)
    _open_locks(stages)
    # What a name means may change during the run: a build in another checkout moves it.
    pinned = {stage: resolve(stage.image) for stage in stages}

    def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
        own = {env_name("artifacts"): str(root), env_name("image"): pinned[stage].digest}
        handle = own_files.BACKBONE.as_container_sees(settings.get(BACKBONE, ""))
        data = own_files.DATA.as_container_sees(settings.get(DATA, ""))
        shown = {BACKBONE: handle, SHOWN_BACKBONE: redacted_handle(handle), DATA: data}
        for given in own_files.OWN:
            shown |= given.mount(settings.get(given.variable, "") if stage.name == TRAIN else "")
        variables = {**composed, **_network_of(stage, settings), **own, **shown}
        environ = {**containers.compose_environment(settings), **variables}
        return containers.run(stage, environ, pinned[stage].id)

    return run


def _require_no_paths_of_host(stages: list[Stage]) -> None:
    """Raise SettingsError if a setting is given that no container gets: images have their own."""
    read = {name for stage in stages for name in specs_of(stage.name)}
    given = env_file.environment()
    for name in OF_LOCAL:
        if name in read and given.get(env_name(name)):
            raise SettingsError(
                f"{env_name(name)} is for the local runner, as the image has its own; leave it "
                "out, or add `--runner local`"
            )


def _open_locks(stages: list[Stage]) -> None:
    """Make the folder of the cores' locks, or let the engine open the one that it made."""
    if not {stage.name for stage in stages} & {*MEASURING, REHEARSE}:
        return
    try:
        with locks.opened(locks.SHARED):
            return
    except NotWritableError as error:
        containers.run_service("locks", str(error))


def _network_of(stage: Stage, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which download's container reaches what this machine does."""
    if stage.name != DOWNLOAD or environ.get(NETWORK):
        return {}
    asked = (*network.proxies(environ), environ.get(BACKBONE, ""), environ.get(MIRROR, ""))
    place = network.loopback(asked)
    if not place:
        return {}
    print(f"{stage.name}: uses this machine's own network, to reach {place}", flush=True)
    return {NETWORK: "host"}


def prepare_local(
    stages: list[Stage], artifacts: Path, _task: str, _verbose: bool = False
) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them as a process.

    Raises VenvError without the images' version of Python, PinningError without numactl,
    NotWritableError if `artifacts` is no folder.
    """
    names = {stage.name for stage in stages}
    root = _looked_at(artifacts) if names == {DOCTOR} else prepare(artifacts)
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


RUNNERS = {"docker": prepare_docker, "local": prepare_local}


def _looked_at(artifacts: Path) -> Path:
    """Return the folder, links followed, which doctor only reads: a slip in its name makes none."""
    require_usable(artifacts)
    return resolved(artifacts)


def to_prepare(runner: str, stages: list[Stage]) -> tuple[str, str]:
    """Return a name and in words what one of RUNNERS would first make, without making it."""
    if RUNNERS[runner] is prepare_docker:
        return "images", images.to_build(stages)
    folders = {VENVS[_venv_of(stage)][0] for stage in stages}
    missing = sorted(folder.name for folder in folders if not folder.is_dir())
    installed = f"to be installed: {', '.join(missing)}" if missing else "all are installed"
    return "packages", installed


def _run_process(stage: Stage, python: str, environ: Mapping[str, str]) -> Outcome:
    began, kills = time.monotonic(), OomKills()
    command = tethered([python, "-m", f"stages.{stage.name}"])
    # As in the images: a scratch working directory, the code found by PYTHONPATH.
    own = _of_download(environ) if stage.name == DOWNLOAD else _without_secrets(stage, environ)
    environment = {**child_environment(own), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with temporary_directory("stage-") as scratch:
        # TensorFlow leaves files in its temporary folder if it is killed.
        variables = {**environment, "TMPDIR": scratch}
        code = run_gently(command, GRACE_S, cwd=scratch, env=variables, is_stage=True)
    seconds = time.monotonic() - began
    if code == -signal.SIGKILL:
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
    python = interpreter.find(STAGES_PYTHON)
    if not python:
        raise venv.VenvError(
            f"the local runner needs Python {STAGES_PYTHON}, the version in the images; install "
            "it, or leave out `--runner local`"
        )
    return python
