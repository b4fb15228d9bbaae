"""A backbone from anywhere on this machine: by both runners and by compose."""

from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record
from stages.folder.cache import Cache
from stages.records.base import Source
from stages.records.train import TrainRecord
from stages.settings import env_name
from tests.commands import invoke, run
from tests.pipeline.conftest import PROJECT, PipelineRun, as_mine, with_cache


@pytest.fixture
def module(by_invoke: PipelineRun, tmp_path: Path) -> Path:
    """The embedded backbone's module outside of all artifacts, also packed."""
    (made,) = Cache(by_invoke.artifacts.cache).backbone("embedded").parent.glob("embedded-*")
    return as_mine(made, tmp_path / "models")


@pytest.fixture
def root(by_invoke: PipelineRun, tmp_path: Path) -> Path:
    """An artifacts folder with the data of the first run."""
    return with_cache("data", by_invoke, tmp_path / "artifacts")


def backbone(root: Path) -> Source:
    record = read_record(Artifacts(root).train.record, TrainRecord)
    assert record.conv_layers == 16
    assert record.maker.settings["backbone"] == record.backbone.name
    return record.backbone


def test_a_folder_and_its_archive_are_the_same_module_by_either_runner(
    module: Path, root: Path, tiny: dict[str, str]
) -> None:
    sources = []
    # The engine is given a folder by compose, below.
    for runner, path in (("local", module), ("docker", module.with_name("mine.tgz"))):
        given = ("--runner", runner, "--artifacts", str(root), "--backbone", str(path))
        done = invoke("train", *given, variables=tiny)
        assert done.code == 0, done
        sources.append(backbone(root))
    assert [source.name for source in sources] == ["given/mine", "given/mine.tgz"]
    assert len({source.sha256 for source in sources}) == 1


def test_compose_takes_it_by_a_variable_of_its_own(
    module: Path, root: Path, tiny: dict[str, str]
) -> None:
    paths = {"GIVEN_BACKBONE": str(module), env_name("artifacts"): str(root)}
    variables = {**tiny, **PROJECT, **paths}
    done = run("docker", "compose", "run", "--rm", "train", variables=variables)
    run("docker", "compose", "down", variables=variables)
    assert done.code == 0, done
    assert backbone(root).name == "given/backbone"
