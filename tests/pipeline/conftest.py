import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docker import artifacts
from docker.host import user
from stages.artifacts import Artifacts
from stages.settings import env_name
from tests.commands import Done, invoke, run
from tests.smallest import smallest

PROJECT = {"COMPOSE_PROJECT_NAME": "vgg19-tests"}
PROBE = "tests/pipeline/imports.yaml"


@dataclass(frozen=True)
class PipelineRun:
    """What a pipeline printed and left, and the folder with what its processes imported."""

    done: Done
    artifacts: Artifacts
    imports: Path | None = None


def probed(folder: Path) -> dict[str, str]:
    """Return variables with which every process writes down in `folder` what it imported."""
    folder.chmod(0o777)
    return {
        "COMPOSE_FILE": f"compose.yaml:{PROBE}",
        "STAGES_OVERRIDE": PROBE,
        "PROBE_IMPORTS": str(folder),
    }


@pytest.fixture(scope="session")
def tiny() -> dict[str, str]:
    """The variables of the smallest pipeline."""
    return smallest()


@pytest.fixture(scope="session")
def by_invoke(tiny: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> PipelineRun:
    folder = tmp_path_factory.mktemp("by_invoke")
    done = invoke("pipeline", "--artifacts", str(folder), variables=tiny)
    return PipelineRun(done, Artifacts(folder))


@pytest.fixture(scope="session")
def by_compose(
    tiny: dict[str, str], by_invoke: PipelineRun, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PipelineRun]:
    folder = _with_cache(by_invoke, tmp_path_factory.mktemp("by_compose"))
    artifacts.prepare(folder, user.invoking_user())
    imports = tmp_path_factory.mktemp("imports")
    variables = {**tiny, **PROJECT, **probed(imports), env_name("artifacts"): str(folder)}
    done = run("docker", "compose", "up", variables=variables)
    yield PipelineRun(done, Artifacts(folder), imports)
    run("docker", "compose", "down", variables=variables)


@pytest.fixture(scope="session")
def by_local_runner(
    tiny: dict[str, str], by_invoke: PipelineRun, tmp_path_factory: pytest.TempPathFactory
) -> PipelineRun:
    folder = _with_cache(by_invoke, tmp_path_factory.mktemp("by_local_runner"))
    done = invoke("pipeline", "--runner", "local", "--artifacts", str(folder), variables=tiny)
    return PipelineRun(done, Artifacts(folder))


@pytest.fixture(scope="session")
def by_stock(
    tiny: dict[str, str], by_invoke: PipelineRun, tmp_path_factory: pytest.TempPathFactory
) -> PipelineRun:
    """The first run's artifacts, and beside them what the other runtime makes of its model.

    The other runtime also makes BF16 and measures it, even if this host only emulates it.
    """
    folder = tmp_path_factory.mktemp("by_stock")
    shutil.copytree(by_invoke.artifacts.root, folder, dirs_exist_ok=True)
    settings = {
        "runtime": "stock",
        "artifacts": str(folder),
        "precisions": "fp32,bf16,int8",
        "no_bf16": "0",
        "force_bf16": "1",
        "all_cells": "1",
    }
    imports = tmp_path_factory.mktemp("imports")
    given = {env_name(name): text for name, text in settings.items()}
    variables = {**tiny, **probed(imports), **given}
    done = invoke("quantize", "profile", "compare", variables=variables)
    return PipelineRun(done, Artifacts(folder), imports)


def _with_cache(source: PipelineRun, folder: Path) -> Path:
    """Copy the data and the backbone that the first run made, which takes a minute."""
    if source.artifacts.cache.is_dir():
        shutil.copytree(source.artifacts.cache, Artifacts(folder).cache)
    return folder


def with_cache(part: str, run: PipelineRun, folder: Path) -> Path:
    """Return an artifacts folder that has a part of the cache of a run."""
    shutil.copytree(run.artifacts.cache / part, Artifacts(folder).cache / part)
    artifacts.prepare(folder, user.invoking_user())
    return folder


def as_mine(made: Path, folder: Path) -> Path:
    """Return a copy of what a stage made, as a user has it; it is also packed, as mine.tgz."""
    shutil.copytree(made, folder / "mine")
    with tarfile.open(folder / "mine.tgz", "w:gz", compresslevel=1) as tar:
        tar.add(folder / "mine", "mine")
    return folder / "mine"
