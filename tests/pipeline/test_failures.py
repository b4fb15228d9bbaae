"""A stage that fails stops the rest, and the exit code shows it, for both ways in.

The graph is the real one; an override file replaces what each stage runs.
"""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from docker import artifacts
from docker.build.graph import read_stages
from docker.host import user
from docker.paths import COMPOSE_FILE
from stages.setting.programs import PEERS
from stages.settings import env_name
from tests.commands import invoke, run
from tests.pipeline.conftest import PROJECT, PipelineRun

pytestmark = pytest.mark.usefixtures("built")

NAMES = [stage.name for stage in read_stages()]
EXIT_CODE = 41


@pytest.fixture(params=[*NAMES, None])
def failing(request: pytest.FixtureRequest) -> str | None:
    name: str | None = request.param
    return name


@pytest.fixture
def variables(failing: str | None, tmp_path: Path) -> dict[str, str]:
    """Variables with which every stage leaves a file, and the failing one then fails."""
    services = {}
    for name in (*NAMES, PEERS):
        code = EXIT_CODE if name == failing else 0
        script = f"touch /artifacts/{name}; exit {code}"
        services[name] = {"entrypoint": ["sh", "-c", script]}
    override = tmp_path / "override.yaml"
    override.write_text(yaml.safe_dump({"services": services}))
    artifacts.prepare(tmp_path / "artifacts", user.invoking_user())
    files = os.pathsep.join((str(COMPOSE_FILE), str(override)))
    own = {"STAGES_OVERRIDE": str(override), "COMPOSE_FILE": files}
    return {**PROJECT, **own, env_name("artifacts"): str(tmp_path / "artifacts")}


def ran(variables: dict[str, str]) -> set[str]:
    return {path.name for path in Path(variables[env_name("artifacts")]).glob("[!.]*")}


def up_to(failing: str | None) -> set[str]:
    return set(NAMES[: NAMES.index(failing) + 1] if failing else NAMES)


def test_invoke_pipeline(failing: str | None, variables: dict[str, str]) -> None:
    done = invoke("pipeline", variables=variables)
    assert done.code == (EXIT_CODE if failing else 0), done
    assert ran(variables) == up_to(failing)


def test_docker_compose_up(failing: str | None, variables: dict[str, str]) -> None:
    done = run("docker", "compose", "up", variables=variables)
    run("docker", "compose", "down", variables=variables)
    assert (done.code != 0) == bool(failing), done
    assert ran(variables) == up_to(failing)


@pytest.mark.parametrize("failing", [PEERS, None], indirect=True)
def test_invoke_peers_runs_nothing_else(
    failing: str | None, variables: dict[str, str], tiny: dict[str, str], by_invoke: PipelineRun
) -> None:
    root = Path(variables[env_name("artifacts")])
    shutil.copytree(by_invoke.artifacts.root, root, dirs_exist_ok=True)
    before = {name: (root / name).stat().st_mtime_ns for name in NAMES}
    done = invoke("peers", "--batch-sizes", "1", variables={**tiny, **variables})
    assert done.code == (EXIT_CODE if failing else 0), done
    assert (root / PEERS).is_file()
    assert {name: (root / name).stat().st_mtime_ns for name in NAMES} == before
