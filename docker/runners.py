"""Run a stage in its container, or as a process of this host; the stage is the same in all."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker import containers, images, sif
from docker.apptainer import prepare_apptainer
from docker.build.graph import Stage
from docker.containers import require_free
from docker.host import engine, env_file, network, user, visibility
from docker.host.variables import NETWORK
from docker.local_runner import BACKBONE, MIRROR, Runner, looked_at, prepare_local, to_install
from docker.outcome import Outcome
from docker.reproduce.locked_images import resolve
from docker.stage_environment import LOCKING, environment_of, require_no_paths_of_host
from stages import locks
from stages.errors import NotWritableError
from stages.folder.usable import resolved
from stages.setting.programs import DOCTOR, DOWNLOAD
from stages.settings import Settings, env_name


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
        environ = environment_of(stage, settings, variables, pinned[stage].digest)
        with artifacts_folder.there(root, stage.name) as folder:
            if folder != root:
                visibility.require_visible(folder)
            mounted = {env_name("artifacts"): str(folder)}
            return containers.run(stage, environ | mounted, pinned[stage].id)

    return run


def _prepared(artifacts: Path, owner: user.User, names: Collection[str]) -> Path:
    """Return the artifacts folder, made ready for stages; doctor alone makes none."""
    if {*names} == {DOCTOR} and not resolved(artifacts).is_dir():
        return looked_at(artifacts)
    root = artifacts_folder.prepare(artifacts, owner)
    visibility.require_visible(root)
    return root


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


RUNNERS = {"docker": prepare_docker, "apptainer": prepare_apptainer, "local": prepare_local}


def require_possible_by(runner: str, settings: Settings, programs: Collection[str]) -> None:
    """Raise what `stages.possible` does if this machine, by one of RUNNERS, can't do what is asked.

    Nothing is known of another machine, whose engine the user has chosen.
    """
    # Imported only now: it takes a while, which every command would wait for.
    from stages import possible

    if RUNNERS[runner] is prepare_local:
        possible.require_possible(settings, programs)
    elif RUNNERS[runner] is prepare_apptainer or not engine.is_elsewhere():
        are_children = RUNNERS[runner] is prepare_apptainer
        possible.require_possible_in_images(settings, programs, are_children=are_children)


def to_prepare(runner: str, stages: list[Stage]) -> tuple[str, str]:
    """Return a name and in words what one of RUNNERS would first make, without making it."""
    if RUNNERS[runner] is prepare_docker:
        return "images", images.to_build(stages)
    if RUNNERS[runner] is prepare_apptainer:
        return "images", sif.to_build(stages)
    return "packages", to_install(stages)
