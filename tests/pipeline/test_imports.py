"""Every installed package is imported by a stage, except those named here with the reason.

The stages' own processes write down what they import.
"""

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
    package.name.lower().replace("_", "-"): [
        str(package.locate_file(file)) for file in package.files or []
    ]
    for package in metadata.distributions()
}))
"""
# Packages that no process of this pipeline imports, and why they are installed.
PLUGIN = "TensorFlow loads its library, which is no Python module"
OTHER_BACKBONE = "makes the backbone imagenet, and data and backbones from hubs need it"
REQUIRED = "a requirement of {}, for what this pipeline does not use"
NEEDED: Mapping[str, str] = {
    "intel-extension-for-tensorflow": PLUGIN,
    "intel-extension-for-tensorflow-lib": PLUGIN,
    "tf-keras": OTHER_BACKBONE,
    "importlib-resources": OTHER_BACKBONE,
    "annotated-types": REQUIRED.format("pydantic"),
    "array-record": REQUIRED.format("tensorflow-datasets"),
    "attrs": REQUIRED.format("dm-tree"),
    "contourpy": REQUIRED.format("matplotlib"),
    "docstring-parser": REQUIRED.format("simple-parsing"),
    "einops": REQUIRED.format("etils"),
    "google-pasta": REQUIRED.format("tensorflow"),
    "googleapis-common-protos": REQUIRED.format("tensorflow-metadata"),
    "markdown-it-py": REQUIRED.format("rich"),
    "mdurl": REQUIRED.format("markdown-it-py"),
    "psutil": REQUIRED.format("tensorflow-datasets"),
    "pygments": REQUIRED.format("rich"),
    "simple-parsing": REQUIRED.format("tensorflow-datasets"),
    "tensorflow-estimator": REQUIRED.format("tensorflow"),
    "tzdata": REQUIRED.format("python-dateutil"),
    "wheel": REQUIRED.format("astunparse"),
    "zipp": REQUIRED.format("etils"),
}


def installed(stage: Stage) -> dict[str, set[str]]:
    """Return the files of each package in a stage's image."""
    command = ("docker", "run", "--rm", "--network=none", "--entrypoint=python3", stage.image)
    done = run(*command, "-c", LIST_FILES)
    assert done.code == 0, done
    return {name: set(files) for name, files in json.loads(done.output).items()}


def imported(pipeline: PipelineRun, stage: str) -> set[str]:
    """Return the files that the processes of a stage imported."""
    folder = pipeline.imports
    assert folder, pipeline.done
    names = [path.name for path in folder.glob(f"{stage}.*")]
    hosts = {name.partition(".")[2].rpartition("-")[0] for name in names}
    assert len(hosts) == 1, sorted(folder.iterdir())
    (host,) = hosts
    return {line for path in folder.glob(f"*.{host}-*") for line in path.read_text().splitlines()}


def unused(pipeline: PipelineRun, stage: Stage) -> set[str]:
    files = imported(pipeline, stage.name)
    return {name for name, own in installed(stage).items() if not own & files}


@pytest.mark.parametrize("stage", read_stages(), ids=lambda stage: stage.name)
def test_every_package_of_an_image_is_imported(stage: Stage, by_compose: PipelineRun) -> None:
    left = unused(by_compose, stage) - NEEDED.keys()
    assert not left, left


def test_every_package_of_the_other_runtime_is_imported(by_stock: PipelineRun) -> None:
    stages = {stage.name: stage for stage in read_stages({env_name("runtime"): "stock"})}
    # One image's packages serve both.
    left = unused(by_stock, stages["quantize"]) & unused(by_stock, stages["profile"])
    assert not left - NEEDED.keys(), left
