"""Run stages on another machine's engine, over a volume there, and fetch what they leave."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker import containers, images
from docker.build.graph import Stage
from docker.containers import require_free
from docker.host import elsewhere, engine, env_file, network, own_files, user
from docker.host.user import STAND_IN_FOR_ROOT, User
from docker.host.variables import CERTIFICATES, NETWORK, USERNS
from docker.local_runner import BACKBONE, MIRROR, Runner
from docker.outcome import Outcome
from docker.remote.fetching import fetch
from docker.remote.sending import send
from docker.remote.volume import Volume
from docker.reproduce.locked_images import resolve
from docker.stage_environment import LOCKING, environment_of, require_no_paths_of_host
from stages.errors import SettingsError
from stages.folder.usable import require_usable, resolved
from stages.program.host_path import shown
from stages.setting.programs import DOCTOR, DOWNLOAD
from stages.settings import Settings, env_name

VOLUME_FILE = Path(__file__).with_name("volume.yaml")
VOLUME = "STAGES_VOLUME"
# What leaves nothing to be fetched.
LEAVING_NOTHING = {DOCTOR, DOWNLOAD}


def require_possible(
    stages: Sequence[Stage], runner: str, dry_run: bool, settings: Mapping[str, str]
) -> None:
    """Raise SettingsError for what can't be done on another machine."""
    if runner != "docker":
        raise SettingsError(
            f"{elsewhere.HOST} takes the runner docker; leave out --runner {runner}"
        )
    if dry_run:
        raise SettingsError(
            f"dry_run works out what this machine would do; leave out {elsewhere.HOST}"
        )
    for own in own_files.OWN:
        if own.path_of(settings.get(own.variable, "")) is not None:
            raise SettingsError(
                f"{own.setting} names a file of this machine, which the other one does not see; "
                f"clone this project there, and run it there with --{own.setting}"
            )
    _require_reachable(stages, settings)


def _require_reachable(stages: Sequence[Stage], settings: Mapping[str, str]) -> None:
    """Raise SettingsError if download is to ask what this machine alone reaches."""
    asked = (*network.proxies(settings), settings.get(BACKBONE, ""), settings.get(MIRROR, ""))
    place = network.loopback(asked)
    if place and DOWNLOAD in {stage.name for stage in stages}:
        raise SettingsError(
            f"{place} is this machine's own, which the other one does not reach; give an address "
            "that it has for others, or unset it"
        )


@dataclass(frozen=True, slots=True)
class Remote:
    """The engine that is asked now, which is another machine's, for an artifacts folder of this."""

    volume: Volume

    @classmethod
    def of(cls, artifacts: Path) -> "Remote":
        """Return it for a folder; NotWritableError if it can't be for artifacts."""
        require_usable(artifacts)
        return cls(Volume(resolved(artifacts)))

    def prepare(
        self, stages: Sequence[Stage], settings: Settings, task: str, verbose: bool
    ) -> Runner:
        """Prepare all that `stages` need there; return a function that runs one of them there.

        Raises what prepare_docker and `sending.send` raise, and EngineError if that machine can't
        be reached.
        """
        require_no_paths_of_host([*stages])
        elsewhere.require_reached()
        engine.require(task)
        composed = self._composed()
        names = {stage.name for stage in stages}
        print(f"{task}: runs on {elsewhere.by_ssh()}, in its volume {self.volume.name}", flush=True)
        require_free(self.volume.name, names)
        images.build_missing(stages, os.environ, verbose)
        pinned = {stage: resolve(stage.image) for stage in stages}
        self.volume.create()
        image = pinned[stages[0]].id
        self.volume.give(composed, image)
        if sent := send(self.volume, image, settings, names - LEAVING_NOTHING, composed):
            print(f"{task}: sent {', '.join(sent)} from {shown(self.volume.root)}", flush=True)
        if names & LOCKING:
            containers.run_service("locks", "the cores' locks can't be made there", composed)

        def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
            merged = containers.compose_environment(settings, VOLUME_FILE)["COMPOSE_FILE"]
            variables = {**composed, "COMPOSE_FILE": merged, VOLUME: self.volume.name}
            environ = environment_of(stage, settings, variables, pinned[stage].digest)
            shown = {env_name("artifacts"): self.volume.shown}
            return containers.run(stage, environ | shown, pinned[stage].id)

        return run

    def fetch(self, stages: Sequence[Stage], settings: Settings, task: str) -> None:
        """Fetch what they left, and say what came; nothing if they leave nothing.

        Raises what `fetching.fetch` raises.
        """
        programs = {stage.name for stage in stages} - LEAVING_NOTHING
        if not programs:
            return
        artifacts_folder.prepare(self.volume.root, user.invoking_user())
        came, here = fetch(self.volume, resolve(stages[0].image).id, settings, programs)
        print(f"{task}: {_in_words(came, here)} in {shown(self.volume.root)}", flush=True)

    def _composed(self) -> dict[str, str]:
        """Return what compose.yaml reads of that machine: what .env has is of this one."""
        info = engine.read_info()
        owner = User(STAND_IN_FOR_ROOT, STAND_IN_FOR_ROOT)
        own = {USERNS: "", NETWORK: os.environ.get(NETWORK, "")}
        return {**own, **env_file.compose_variables(owner, info), CERTIFICATES: ""}


def _in_words(came: Collection[str], here: Collection[str]) -> str:
    parts = [f"fetched {', '.join(came)}"] if came else []
    parts += [f"had {', '.join(here)} already"] if here else []
    return " and ".join(parts) or "nothing to fetch"
