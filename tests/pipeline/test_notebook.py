"""docs/vgg19_spr.ipynb, run in its container over what a pipeline left."""

import json
import os
import shutil
from typing import Any

import pytest

from docker import artifacts, images
from docker.build.graph import NOTEBOOK, read_extra
from docker.host import user
from stages.artifacts import Artifacts, verify
from stages.setting.programs import STAGES
from stages.settings import env_name
from tests.commands import Done, run
from tests.pipeline.conftest import PROJECT, PipelineRun

pytestmark = pytest.mark.usefixtures("built")

# Seconds that a cell may take.
CELL_S = 120
NEXT = "---- what it came out as ----\n"
EXECUTE = f"""
import json, nbclient, nbformat

read = nbformat.read("/notebook.ipynb", as_version=4)
nbformat.validate(read)
nbclient.NotebookClient(read, timeout={CELL_S}).execute()
print({NEXT!r} + json.dumps(read), flush=True)
"""


@pytest.fixture(scope="module")
def executed(
    tiny: dict[str, str], by_invoke: PipelineRun, tmp_path_factory: pytest.TempPathFactory
) -> PipelineRun:
    images.build_missing([read_extra(NOTEBOOK)], os.environ)
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copytree(by_invoke.artifacts.root, folder, dirs_exist_ok=True)
    artifacts.prepare(folder, user.invoking_user())
    options = ("--rm", "--no-deps", "--no-TTY", "--interactive=false", "--entrypoint=python3")
    variables = {**tiny, **PROJECT, env_name("artifacts"): str(folder)}
    command = ("docker", "compose", "--progress", "quiet", "run", *options, NOTEBOOK)
    done = run(*command, "-c", EXECUTE, variables=variables)
    return PipelineRun(done, Artifacts(folder))


def cells(done: Done) -> dict[str, list[dict[str, Any]]]:
    """Return the outputs of each cell that runs code, by the cell's name."""
    assert NEXT in done.output, done
    # The engine's client may say something at its end.
    came_out, _ = json.JSONDecoder().raw_decode(done.output.partition(NEXT)[2])
    return {cell["id"]: cell["outputs"] for cell in came_out["cells"] if "outputs" in cell}


def text_of(outputs: list[dict[str, Any]]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def pictures(outputs: list[dict[str, Any]]) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_it_runs_from_top_to_bottom_and_warns_of_nothing(executed: PipelineRun) -> None:
    assert executed.done.code == 0, executed.done
    assert "Warning" not in executed.done.output.partition(NEXT)[0], executed.done
    for name, outputs in cells(executed.done).items():
        assert not [output for output in outputs if output["output_type"] == "error"], name
        assert not [output for output in outputs if output.get("name") == "stderr"], outputs
        lines = text_of(outputs).splitlines()
        assert not [line for line in lines if "Warning" in line or "WARNING" in line], name


def test_it_makes_nothing_twice(executed: PipelineRun, by_invoke: PipelineRun) -> None:
    outputs = cells(executed.done)
    for stage in STAGES:
        assert f"{stage}: current, made 20" in text_of(outputs[f"run-{stage}"])
        before = by_invoke.artifacts.root / stage
        assert verify(executed.artifacts.root / stage) == verify(before)


def test_it_shows_an_image_with_the_answers_of_both_precisions(executed: PipelineRun) -> None:
    outputs = cells(executed.done)
    assert pictures(outputs["choose-image"]) == 1
    head, *rows = text_of(outputs["show-answers"]).splitlines()
    assert head.split() == ["FP32", "INT8"]
    shown = [[float(value.rstrip("%")) for value in row.split()[-2:]] for row in rows]
    for answers in zip(*shown, strict=True):
        assert sum(answers) == pytest.approx(100, abs=0.5)


def test_it_shows_all_pictures_of_compare(executed: PipelineRun) -> None:
    folder = executed.artifacts.compare
    drawn = [*folder.path.glob("*.png")]
    assert {folder.ladder, folder.absolute, folder.times} <= {*drawn}
    assert pictures(cells(executed.done)["show-compare"]) == len(drawn)
