"""A sweep of what a pipeline left, in profile's image: its points, and its place in a bundle."""

import shutil
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record, verify
from stages.records.sweep import SweepRecord
from stages.settings import env_name
from tests.commands import invoke
from tests.pipeline.conftest import PipelineRun
from tests.smallest import ONE_ROUND

pytestmark = pytest.mark.usefixtures("built")


def test_a_sweep_is_measured_and_checked_with_a_bundle(
    tiny: dict[str, str], by_invoke: PipelineRun, tmp_path: Path
) -> None:
    folder = tmp_path / "artifacts"
    shutil.copytree(by_invoke.artifacts.root, folder)
    variables = {**tiny, env_name("artifacts"): str(folder), env_name("precisions"): "int8"}
    done = invoke("sweep", "--batch-sizes=1,2", "--layouts=1", variables=variables)
    assert done.code == 0, done
    assert "most images/s: INT8 in 1 process" in done.output
    swept = Artifacts(folder).sweep("itex")
    verify(swept.path)
    record = read_record(swept.record, SweepRecord)
    assert [point.name.batch_size for point in record.points] == [1, 2]
    assert [proof.batch_size for cell in record.cells for proof in cell.proofs] == [1, 2]
    bundle = str(tmp_path / "bundle.tar")
    for task, code in ((("bundle", f"--output={bundle}"), 0), (("verify", bundle), ONE_ROUND)):
        packed = invoke(*task, variables=variables)
        assert packed.code == code, packed
    assert "sweep by itex: each point (2) follows from" in packed.output
