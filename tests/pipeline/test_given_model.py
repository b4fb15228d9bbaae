"""A trained model from anywhere on this machine: by both runners and by compose."""

from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record
from stages.records.train import TrainRecord
from stages.settings import env_name
from tests.commands import invoke, run
from tests.pipeline.conftest import PROJECT, PipelineRun, as_mine, with_cache


@pytest.fixture
def model(by_invoke: PipelineRun, tmp_path: Path) -> Path:
    """What train made outside of all artifacts, as another's classifier; also packed."""
    return as_mine(by_invoke.artifacts.train.model, tmp_path / "models")


@pytest.fixture
def root(by_invoke: PipelineRun, tmp_path: Path) -> Path:
    """An artifacts folder with the data of the first run."""
    return with_cache("data", by_invoke, tmp_path / "artifacts")


def require_as_trained(root: Path, by_invoke: PipelineRun, name: str) -> None:
    """Check that a model of which nothing was trained answers as the one that it is a copy of."""
    record = read_record(Artifacts(root).train.record, TrainRecord)
    trained = read_record(by_invoke.artifacts.train.record, TrainRecord)
    assert (record.backbone.name, record.backbone.whole) == (f"given/{name}", True)
    assert (record.head, record.outputs, record.conv_layers) == ({}, "probabilities", 16)
    assert record.predictions == {it: trained.predictions[it] for it in ("validation", "test")}


def test_a_folder_and_its_archive_are_the_same_model_by_either_runner(
    model: Path, root: Path, tiny: dict[str, str], by_invoke: PipelineRun
) -> None:
    # The engine is given a folder by compose, below.
    for runner, path in (("local", model), ("docker", model.with_name("mine.tgz"))):
        given = ("--artifacts", str(root), "--model", str(path), "--preprocessing", "unit")
        done = invoke("train", "--runner", runner, *given, variables=tiny)
        assert done.code == 0, done
        require_as_trained(root, by_invoke, path.name)


def test_compose_takes_it_by_a_variable_of_its_own(
    model: Path, root: Path, tiny: dict[str, str], by_invoke: PipelineRun
) -> None:
    paths = {"GIVEN_MODEL": str(model), env_name("artifacts"): str(root)}
    variables = {**tiny, **PROJECT, **paths, env_name("preprocessing"): "unit"}
    done = run("docker", "compose", "run", "--rm", "train", variables=variables)
    run("docker", "compose", "down", variables=variables)
    assert done.code == 0, done
    require_as_trained(root, by_invoke, "model")
