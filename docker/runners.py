"""Run a stage in its container, or as a process of this host; the stage is the same in both."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker import containers, images
from docker.build.graph import NOTEBOOK, Stage
from docker.containers import require_free
from docker.host import engine, env_file, network, own_files, user, visibility
from docker.host.variables import NETWORK
from docker.local_runner import BACKBONE, MIRROR, Runner, looked_at, prepare_local, to_install
from docker.outcome import Outcome
from docker.reproduce.locked_images import ResolvedImage, resolve
from stages import locks
from stages.errors import NotWritableError, SettingsError
from stages.folder.full_disk import temporary_directory
from stages.folder.usable import resolved
from stages.setting.addresses import redacted_handle
from stages.setting.programs import DOCTOR, DOWNLOAD, MEASURING, REHEARSE, STAGES
from stages.settings import env_name, specs_of

# By which compose.yaml gets the backbone's handle for train, without its secrets.
SHOWN_BACKBONE = "STAGES_BACKBONE"
DATA = env_name("data")
TRAIN = STAGES[0]
# Whose containers see what is the user's own, and the locks of the machine's cores.
GIVEN_TO, LOCKING = {TRAIN, NOTEBOOK}, {*MEASURING, REHEARSE, NOTEBOOK}
# Settings that no container gets.
OF_LOCAL = ("emulator", "itex_python")


def prepare_docker(
    stages: list[Stage], artifacts: Path, task: str, verbose: bool = False
) -> Runner:
    """Prepare all that `stages` need; return a function that runs one of them in its container.

    `task` is the one that was asked for; with `verbose`, what builds print is shown.

    Raises EngineError if the engine does not answer or an image can't be built,
    NotWritableError if `artifacts` is no folder.
    """
    require_no_paths_of_host(stages)
    engine.require(task)
    owner = user.invoking_user()
    composed = env_file.compose_variables(owner, engine.read_info())
    env_file.write(composed)
    names = {stage.name for stage in stages}
    root = _prepared(artifacts, owner, names)
    require_free(root, names)
    images.build_missing(stages, os.environ, verbose)
    _open_locks(stages)
    # What a name means may change during the run: a build in another checkout moves it.
    pinned = {stage: resolve(stage.image) for stage in stages}

    def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
        variables = {**composed, **_network_of(stage, settings)}
        environ = environment_of(stage, settings, variables, pinned[stage])
        with _there(root, stage) as folder:
            mounted = {env_name("artifacts"): str(folder)}
            return containers.run(stage, environ | mounted, pinned[stage].id)

    return run


def environment_of(
    stage: Stage,
    settings: Mapping[str, str],
    variables: Mapping[str, str],
    image: ResolvedImage,
) -> dict[str, str]:
    """Return what compose gets for a stage's container: the settings as it is to see them.

    `variables` are those that compose.yaml reads beside the settings.
    """
    own = {env_name("image"): image.digest}
    handle = own_files.BACKBONE.as_container_sees(settings.get(BACKBONE, ""))
    data = own_files.DATA.as_container_sees(settings.get(DATA, ""))
    shown = {BACKBONE: handle, SHOWN_BACKBONE: redacted_handle(handle), DATA: data}
    for given in own_files.OWN:
        text = settings.get(given.variable, "") if stage.name in GIVEN_TO else ""
        shown |= given.mount(text)
    return {**containers.compose_environment(settings), **variables, **own, **shown}


def _prepared(artifacts: Path, owner: user.User, names: Collection[str]) -> Path:
    """Return the artifacts folder, made ready for stages; doctor alone makes none."""
    if {*names} == {DOCTOR} and not resolved(artifacts).is_dir():
        return looked_at(artifacts)
    root = artifacts_folder.prepare(artifacts, owner)
    visibility.require_visible(root)
    return root


@contextmanager
def _there(root: Path, stage: Stage) -> Iterator[Path]:
    """Yield the artifacts folder; if it is not there, an empty one for doctor, which made none."""
    if stage.name != DOCTOR or root.is_dir():
        yield root
        return
    with temporary_directory("doctor-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)  # for whom the container runs as
        visibility.require_visible(folder)
        yield folder


def require_no_paths_of_host(stages: list[Stage]) -> None:
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
    if not {stage.name for stage in stages} & LOCKING:
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


RUNNERS = {"docker": prepare_docker, "local": prepare_local}


def to_prepare(runner: str, stages: list[Stage]) -> tuple[str, str]:
    """Return a name and in words what one of RUNNERS would first make, without making it."""
    if RUNNERS[runner] is prepare_docker:
        return "images", images.to_build(stages)
    return "packages", to_install(stages)
