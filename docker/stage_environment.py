"""What a stage's container is given by compose.yaml: the settings as it is to see them."""

from collections.abc import Mapping

from docker import containers
from docker.build.graph import NOTEBOOK, Stage
from docker.host import env_file, own_files
from docker.local_runner import BACKBONE
from stages.errors import SettingsError
from stages.setting.addresses import redacted_handle
from stages.setting.programs import MEASURING, REHEARSE, STAGES
from stages.settings import env_name, specs_of

# By which compose.yaml gets the backbone's handle for train, without its secrets.
SHOWN_BACKBONE = "STAGES_BACKBONE"
DATA = env_name("data")
TRAIN = STAGES[0]
# Whose containers see what is the user's own, and the locks of the machine's cores.
GIVEN_TO, LOCKING = {TRAIN, NOTEBOOK}, {*MEASURING, REHEARSE, NOTEBOOK}
# Settings that no container gets.
OF_LOCAL = ("emulator", "itex_python")


def environment_of(
    stage: Stage,
    settings: Mapping[str, str],
    variables: Mapping[str, str],
    digest: str,
) -> dict[str, str]:
    """Return what compose gets for a stage's container: the settings as it is to see them.

    `variables` are those that compose.yaml reads beside the settings, `digest` is its image's.
    """
    own = {env_name("image"): digest}
    handle = own_files.BACKBONE.as_container_sees(settings.get(BACKBONE, ""))
    data = own_files.DATA.as_container_sees(settings.get(DATA, ""))
    shown = {BACKBONE: handle, SHOWN_BACKBONE: redacted_handle(handle), DATA: data}
    for given in own_files.OWN:
        text = settings.get(given.variable, "") if stage.name in GIVEN_TO else ""
        shown |= given.mount(text)
    return {**containers.compose_environment(settings), **variables, **own, **shown}


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
