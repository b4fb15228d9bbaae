from collections.abc import Callable

import pytest

from docker.graph import Stage, read_stages
from tests.commands import Done, run

RunIn = Callable[..., Done]
LEAST_RIGHTS = (
    "--rm",
    "--read-only",
    "--tmpfs=/tmp",
    "--network=none",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
)


@pytest.fixture(params=read_stages(), ids=lambda stage: stage.name)
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.param
    return found


@pytest.fixture
def run_in() -> RunIn:
    """Run a command in a stage's image, as compose would; options of the engine first."""

    def run_in_image(
        stage: Stage, program: str, *arguments: str, options: tuple[str, ...] = ()
    ) -> Done:
        command = ["docker", "run", *LEAST_RIGHTS, *options, f"--entrypoint={program}"]
        return run(*command, stage.image, *arguments)

    return run_in_image
