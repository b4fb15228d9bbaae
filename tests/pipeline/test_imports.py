"""Nothing is installed that no stage imports, as the stages' processes themselves tell."""

import json
from collections.abc import Mapping

import pytest

from docker.build.graph import Stage, read_stages
from stages.settings import env_name
from tests.commands import run
from tests.pipeline.conftest import PipelineRun

pytestmark = pytest.mark.usefixtures("built")

LIST_FILES = """
import importlib.metadata as metadata, json

print(json.dumps({
    each.name.lower().replace("_", "-"): [str(each.locate_file(file)) for file in each.files or []]
    for each in metadata.distributions()
}))
"""
# Installed and imported by no process of the pipeline, and why all the same.
NEEDED: Mapping[str, str] = {}


def installed(stage: Stage) -> dict[str, set[str]]:
    """Return the files of each package in a stage's image."""
    command = ("docker", "run", "--rm", "--network=none", "--entrypoint=python3", stage.image)
    done = run(*command, "-c", LIST_FILES)
    assert done.code == 0, done
    return {name: set(files) for name, files in json.loads(done.output).items()}


def imported(pipeline: PipelineRun, stage: str) -> set[str]:
    """Return the files that the processes of a stage imported."""
    folder = pipeline.artifacts.root / ".imports"
    hosts = {each.name.partition(".")[2].rpartition("-")[0] for each in folder.glob(f"{stage}.*")}
    assert len(hosts) == 1, sorted(folder.iterdir())
    (host,) = hosts
    return {line for each in folder.glob(f"*.{host}-*") for line in each.read_text().splitlines()}


def unused(pipeline: PipelineRun, stage: Stage) -> set[str]:
    files = imported(pipeline, stage.name)
    return {name for name, own in installed(stage).items() if not own & files}


@pytest.mark.parametrize("stage", read_stages(), ids=lambda stage: stage.name)
def test_every_package_of_an_image_is_imported(stage: Stage, by_compose: PipelineRun) -> None:
    assert unused(by_compose, stage) <= NEEDED.keys(), unused(by_compose, stage)


def test_every_package_of_the_other_runtime_is_imported(by_stock: PipelineRun) -> None:
    stages = {each.name: each for each in read_stages({env_name("runtime"): "stock"})}
    # One image's packages serve both.
    left = unused(by_stock, stages["quantize"]) & unused(by_stock, stages["profile"])
    assert left <= NEEDED.keys(), left
