from collections.abc import Callable

import pytest

from docker import images
from docker.build.graph import Stage, read_all
from docker.host import engine
from tests.commands import Done, run

RunIn = Callable[..., Done]
LEAST_RIGHTS = (
    "--rm",
    "--init",
    "--read-only",
    "--tmpfs=/tmp",
    "--network=none",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
)


@pytest.fixture(scope="session")
def built() -> None:
    """The images of every runtime, and peers; no engine is a failure, not a reason to skip."""
    engine.require()
    images.build_missing(read_all())


@pytest.fixture(params=read_all(), ids=lambda stage: stage.target)
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
