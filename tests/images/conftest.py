from collections.abc import Callable

import pytest

from docker import images
from docker.build.graph import NOTEBOOK, Stage, read_all
from docker.host import engine
from tests.commands import Done, run

RunIn = Callable[..., Done]
RESTRICTIONS = (
    "--rm",
    "--init",
    "--read-only",
    "--tmpfs=/tmp",
    "--network=none",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
)
# For tests of a program of this project, which the notebook's image does not begin with.
of_a_program = pytest.mark.parametrize(
    "stage",
    [stage for stage in read_all() if stage.name != NOTEBOOK],
    ids=lambda stage: stage.target,
    indirect=True,
)


@pytest.fixture(scope="session")
def built() -> None:
    """Build the images of every runtime and of peers; fail, rather than skip, without an engine."""
    engine.require("test")
    images.build_missing(read_all())


@pytest.fixture(params=read_all(), ids=lambda stage: stage.target)
def stage(request: pytest.FixtureRequest) -> Stage:
    chosen: Stage = request.param
    return chosen


@pytest.fixture
def run_in() -> RunIn:
    """Return a function that runs a command in a stage's image, restricted as in compose.yaml."""

    def run_in_image(
        stage: Stage, program: str, *arguments: str, options: tuple[str, ...] = ()
    ) -> Done:
        command = ["docker", "run", *RESTRICTIONS, *options, f"--entrypoint={program}"]
        return run(*command, stage.image, *arguments)

    return run_in_image
