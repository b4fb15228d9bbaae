"""AMX's cells under the emulator, in its image; on a CPU that can't, the line that says why."""

import shutil
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record, verify
from stages.common.host.facts import cpu_flags
from stages.errors import HostError
from stages.isa import AMX, can_stand_in, get_isa
from stages.records.rehearse import REHEARSED, RehearsalRecord
from stages.rehearse.host import NOTHING_TO_DO
from stages.settings import env_name
from tests.commands import invoke
from tests.pipeline.conftest import PipelineRun
from tests.smallest import ONE_ROUND

pytestmark = pytest.mark.usefixtures("built")

FLAGS = cpu_flags()
HAS_AMX = bool(FLAGS & {*get_isa(AMX).flags})
CAN = can_stand_in(FLAGS)


@pytest.fixture(scope="module")
def rehearsed(
    tiny: dict[str, str], by_stock: PipelineRun, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PipelineRun, dict[str, str]]:
    """A copy of a pipeline by both runtimes that was rehearsed, and the variables of its tasks."""
    folder = tmp_path_factory.mktemp("rehearsed")
    shutil.copytree(by_stock.artifacts.root, folder, dirs_exist_ok=True)
    own = {env_name("artifacts"): str(folder), env_name("precisions"): "bf16,int8"}
    variables = {**tiny, **own, env_name("batch_size"): "2", env_name("rehearse_samples"): "4"}
    return PipelineRun(invoke("rehearse", variables=variables), Artifacts(folder)), variables


def test_a_cpu_that_can_not_says_so(rehearsed: tuple[PipelineRun, dict[str, str]]) -> None:
    done = rehearsed[0].done
    if CAN:
        assert done.code == 0, done
    elif HAS_AMX:
        assert NOTHING_TO_DO in done.output, done
    else:
        assert done.code == HostError.exit_code, done
        assert "without which AMX can't be emulated" in done.output


@pytest.mark.skipif(not CAN, reason="this CPU has AMX, or can't stand in for it")
def test_all_convolutions_run_on_amx_and_int8_answers_the_same(
    rehearsed: tuple[PipelineRun, dict[str, str]],
) -> None:
    run, _ = rehearsed
    verify(run.artifacts.rehearse.path)
    record = read_record(run.artifacts.rehearse.record, RehearsalRecord)
    made = {(cell.runtime, cell.precision): cell for cell in record.cells}
    assert made.keys() == {(name, kind) for name in ("itex", "stock") for kind in ("bf16", "int8")}
    for (_, precision), cell in made.items():
        convolutions = [layer for layer in cell.layers if layer.primitive == "convolution"]
        assert len(convolutions) == 16
        assert all(layer.on_amx for layer in convolutions)
        assert cell.answers.equal == 4 or precision != "int8"
        assert cell.answers.differing == 0


@pytest.mark.skipif(not CAN, reason="this CPU has AMX, or can't stand in for it")
def test_it_is_shown_beside_what_was_measured_and_goes_into_a_bundle(
    rehearsed: tuple[PipelineRun, dict[str, str]], tmp_path: Path
) -> None:
    _, variables = rehearsed
    done = invoke("compare", variables=variables)
    assert done.code == ONE_ROUND, done
    assert f"{REHEARSED}: 16 of 16 convolutions" in done.output
    bundle = str(tmp_path / "bundle.tar")
    for task, code in ((("bundle", f"--output={bundle}"), 0), (("verify", bundle), ONE_ROUND)):
        packed = invoke(*task, variables=variables)
        assert packed.code == code, packed
    assert REHEARSED in packed.output
