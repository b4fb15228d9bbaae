"""The whole flow at a tiny size: through invoke, through compose, and without an engine."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from docker.build.graph import read_stages
from docker.host import user
from docker.host.env_file import project_name
from docker.local_runner import VENVS
from stages.artifacts import Artifacts, read_record, verify
from stages.common.host.core_lock import holding
from stages.errors import CoresBusyError, NotTrustedError, PinningError
from stages.files.checksums import CHECKSUMS
from stages.folder.usable import LOCK, MARKER
from stages.profile.rederive import rederived
from stages.records.compare import CompareRecord
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from stages.settings import Settings
from tests.commands import invoke, run
from tests.pipeline.conftest import PipelineRun
from tests.smallest import ONE_ROUND

pytestmark = pytest.mark.usefixtures("built")

WAYS_IN = ("by_invoke", "by_compose", "by_local_runner")


@pytest.fixture(params=WAYS_IN)
def pipeline(request: pytest.FixtureRequest) -> PipelineRun:
    chosen: PipelineRun = request.getfixturevalue(request.param)
    return chosen


def results(run: PipelineRun, runtime: str = RUNTIME_NAMES[0]) -> dict[str, Any]:
    """Return what must not depend on the way in."""
    train = read_record(run.artifacts.train.record, TrainRecord)
    quantize = read_record(run.artifacts.quantize(runtime).record, QuantizeRecord)
    profile = read_record(run.artifacts.profile(runtime).record, ProfileRecord)
    return {
        "train": train.accuracy_top1,
        "data": train.data.sha256,
        "accuracies": {variant.precision: variant.accuracy_top1 for variant in quantize.variants},
        "int8": (quantize.recipe, quantize.int8_ops, quantize.fp32_ops),
        "cells": [(cell.precision, cell.requested_isa, cell.impossible) for cell in profile.cells],
        "predictions": [
            cell.measurement.accuracy.predictions for cell in profile.cells if cell.measurement
        ],
    }


def test_it_leaves_every_artifact_and_ends_with_what_one_round_is_worth(
    pipeline: PipelineRun,
) -> None:
    for stage in read_stages():
        verify(pipeline.artifacts.root / stage.name)
    (line,) = pipeline.done.error_lines
    assert "compare: error: this run is not to be trusted: 1 round is too few" in line


@pytest.mark.parametrize("way", ["by_invoke", "by_local_runner"])
def test_invoke_ends_with_the_code_of_a_run_that_is_not_to_be_trusted(
    way: str, request: pytest.FixtureRequest
) -> None:
    done = request.getfixturevalue(way).done
    assert done.code == ONE_ROUND, done
    assert "pipeline: compare took " in done.output
    assert "pipeline: done in " in done.output


def test_compose_ends_with_a_code_after_compare_has_run(by_compose: PipelineRun) -> None:
    assert by_compose.done.code != 0, by_compose.done
    assert "THIS RUN IS NOT TO BE TRUSTED" in by_compose.done.output


def test_profile_alone_ends_with_that_code_and_leaves_its_artifacts(
    by_invoke: PipelineRun, tiny: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(by_invoke.artifacts.root, tmp_path, dirs_exist_ok=True)
    done = invoke("profile", "--artifacts", str(tmp_path), variables=tiny)
    assert done.code == ONE_ROUND, done
    assert done.error_lines[0].startswith("profile: error: this run is not to be trusted")
    verify(Artifacts(tmp_path).profile(RUNTIME_NAMES[0]).path)


def test_it_shows_the_steps_of_every_stage(pipeline: PipelineRun) -> None:
    for stage in ("train", "quantize", "profile"):
        assert f"[{stage} 1/" in pipeline.done.output, pipeline.done


def test_it_warns_of_nothing(pipeline: PipelineRun) -> None:
    lines = pipeline.done.output.splitlines()
    assert [line for line in lines if "Warning" in line or "WARNING" in line] == []


@pytest.mark.parametrize("other", WAYS_IN[1:])
def test_every_way_in_gives_the_same_results(
    by_invoke: PipelineRun, other: str, request: pytest.FixtureRequest
) -> None:
    assert results(request.getfixturevalue(other)) == results(by_invoke)


def checksums(run: PipelineRun) -> dict[str, str]:
    """Return the sha256 of every file of the data and the models."""
    folders = (run.artifacts.train, run.artifacts.quantize(RUNTIME_NAMES[0]))
    texts = [(folder.path / CHECKSUMS).read_text() for folder in folders]
    pairs = (line.split("  ") for text in texts for line in text.splitlines())
    return {name: digest for digest, name in pairs if name.startswith(("model_", "data/"))}


@pytest.mark.parametrize("other", WAYS_IN[1:])
def test_every_way_in_makes_the_same_bytes(
    by_invoke: PipelineRun, other: str, request: pytest.FixtureRequest
) -> None:
    files = checksums(by_invoke)
    assert {"data/test.npz", "model_keras.fp32/saved_model.pb"} <= files.keys()
    assert "model_pb.int8/saved_model.pb" in files
    assert checksums(request.getfixturevalue(other)) == files


def test_every_cell_keeps_its_logs_and_one_is_measured_twice(pipeline: PipelineRun) -> None:
    folder = pipeline.artifacts.profile(RUNTIME_NAMES[0])
    profile = read_record(folder.record, ProfileRecord)
    measured = [cell.measurement for cell in profile.cells if cell.measurement]
    for measurement in (*measured, profile.repeat.measurement):
        turns = (*measurement.offline.runs, *measurement.single_stream.runs)
        logs = [instance.log for turn in turns for instance in turn.instances]
        for log in (measurement.accuracy.log, *logs):
            assert (folder.loadgen / log / "mlperf_log_detail.txt").is_file()
    assert profile.repeat.precision == "int8"
    assert not profile.repeat.trusted  # a single round is too few


def test_int8_is_compared_with_fp32(by_invoke: PipelineRun) -> None:
    record = read_record(by_invoke.artifacts.compare.record, CompareRecord)
    assert {row.precision for row in record.rows} == {"fp32", "int8"}


@pytest.mark.parametrize("way", WAYS_IN[:2])
def test_the_host_user_owns_what_the_containers_wrote(
    way: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(way).artifacts.root
    paths = list(root.rglob("*"))
    assert {path.stat().st_uid for path in paths} == {user.invoking_user().uid}
    assert all(os.access(path, os.R_OK) for path in paths)


def test_invoke_tells_the_time_of_each_stage_and_leaves_no_container(
    by_invoke: PipelineRun,
) -> None:
    for stage in read_stages():
        assert f"pipeline: {stage.name} took " in by_invoke.done.output
        filters = ("--all", "--quiet", f"--filter=name={project_name()}-{stage.name}-")
        assert run("docker", "ps", *filters).output == ""
    assert "s of orchestration" in by_invoke.done.output


def test_a_stage_that_fails_leaves_the_earlier_artifacts(by_invoke: PipelineRun) -> None:
    before = verify(by_invoke.artifacts.profile(RUNTIME_NAMES[0]).path)
    done = invoke("profile", "--cores", "999", "--artifacts", str(by_invoke.artifacts.root))
    assert done.code == PinningError.exit_code, done
    assert len(done.error_lines) == 1, done
    assert verify(by_invoke.artifacts.profile(RUNTIME_NAMES[0]).path) == before
    assert sorted(_hidden(by_invoke.artifacts.root)) == sorted([".cache", LOCK, MARKER])


def test_cores_that_another_run_of_this_host_holds_are_refused(
    by_invoke: PipelineRun, tiny: dict[str, str]
) -> None:
    before = verify(by_invoke.artifacts.profile(RUNTIME_NAMES[0]).path)
    with holding(sorted(os.sched_getaffinity(0)), "a test", Settings().locks):
        folder = str(by_invoke.artifacts.root)
        done = invoke("profile", "--force", "profile", "--artifacts", folder, variables=tiny)
    assert done.code == CoresBusyError.exit_code, done
    assert "is held by another run, which says of itself: a test since" in done.error_lines[0]
    assert verify(by_invoke.artifacts.profile(RUNTIME_NAMES[0]).path) == before


@pytest.mark.usefixtures("by_local_runner")
def test_pip_finds_all_that_invoke_env_lists_where_the_local_runner_ran(tmp_path: Path) -> None:
    listed = str(tmp_path / "listed.txt")
    assert invoke("env", "--pip", listed).code == 0
    folder, _ = VENVS[RUNTIME_NAMES[0]]
    pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-index")
    done = run(*pip, "--dry-run", "--requirement", listed)
    assert done.code == 0, done
    assert "Would install" not in done.output, done


@pytest.mark.parametrize(("runner", "way"), [("docker", "by_invoke"), ("local", "by_local_runner")])
def test_a_second_run_makes_nothing_and_says_when_it_was_measured(
    runner: str, way: str, tiny: dict[str, str], request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(way).artifacts.root
    before = {stage.name: verify(root / stage.name) for stage in read_stages()}
    given = ("--runner", runner, "--artifacts", str(root))
    done = invoke("pipeline", *given, variables=tiny)
    assert done.code == ONE_ROUND, done
    for name in before:
        assert f"{name}: current, made 20" in done.output, done
    assert "measured  20" in done.output
    assert {stage.name: verify(root / stage.name) for stage in read_stages()} == before


def test_rounds_are_added_to_what_was_measured(
    by_invoke: PipelineRun, tiny: dict[str, str], tmp_path: Path
) -> None:
    artifacts = Artifacts(tmp_path / "artifacts")
    shutil.copytree(by_invoke.artifacts.root, artifacts.root)
    before = read_record(artifacts.profile("itex").record, ProfileRecord)
    done = invoke("profile", "--more", "--artifacts", str(artifacts.root), variables=tiny)
    assert done.code == NotTrustedError.exit_code, done
    assert "proof of" not in done.output
    after = read_record(artifacts.profile("itex").record, ProfileRecord)
    assert after.added_to == [before.maker.made]
    for earlier, cell in zip(before.cells, after.cells, strict=True):
        assert cell.proof == earlier.proof
        if cell.measurement and earlier.measurement:
            runs = cell.measurement.offline.runs
            assert runs[0] == earlier.measurement.offline.runs[0]
            assert [run.round for run in runs] == [1, 2]
    assert rederived(after, artifacts.profile("itex")) == after


def test_training_again_by_force_leaves_every_byte_and_the_model_of_it_current(
    by_invoke: PipelineRun, tiny: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(by_invoke.artifacts.root, tmp_path, dirs_exist_ok=True)
    before = verify(tmp_path / "train")
    given = ("--artifacts", str(tmp_path))
    done = invoke("train", "--force", "train", *given, "quantize", *given, variables=tiny)
    assert done.code == 0, done
    assert "train: came out as before" in done.output
    assert "quantize: current, made 20" in done.output
    assert verify(tmp_path / "train") == before


def test_the_other_runtime_leaves_the_first_ones_artifacts(
    by_invoke: PipelineRun, by_stock: PipelineRun
) -> None:
    assert by_stock.done.code == ONE_ROUND, by_stock.done
    assert results(by_stock) == results(by_invoke)


def test_the_other_runtime_has_artifacts_of_its_own(by_stock: PipelineRun) -> None:
    for stage in ("quantize", "profile"):
        verify(by_stock.artifacts.root / f"{stage}-stock")
    stock = results(by_stock, "stock")
    assert set(stock["cells"]) > set(results(by_stock)["cells"])
    assert stock["int8"][1] != []


def test_bf16_is_made_and_measured_where_it_is_forced(by_stock: PipelineRun) -> None:
    quantize = read_record(by_stock.artifacts.quantize("stock").record, QuantizeRecord)
    assert "bf16" in {variant.precision for variant in quantize.variants if not variant.missing}
    profile = read_record(by_stock.artifacts.profile("stock").record, ProfileRecord)
    lowest = next(cell for cell in profile.cells if cell.precision == "bf16")
    assert bool(lowest.measurement) == (lowest.requested_isa != "AVX2"), lowest.impossible


def test_the_other_runtime_warns_of_nothing(by_stock: PipelineRun) -> None:
    test_it_warns_of_nothing(by_stock)


def test_both_runtimes_are_compared(by_stock: PipelineRun) -> None:
    record = read_record(by_stock.artifacts.compare.record, CompareRecord)
    assert {row.runtime for row in record.rows} == set(RUNTIME_NAMES)


def _hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]
