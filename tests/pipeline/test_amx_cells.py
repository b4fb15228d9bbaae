"""AMX's cells through all that measures, under the emulator: every step but the speed is real.

On a CPU that has AMX the other tests run them; on one that can't stand in for it, its recorded
logs (tests/data/onednn) do.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.build.graph import read_extra
from stages.artifacts import Artifacts, read_record, verify
from stages.common.host.facts import cpu_flags
from stages.common.onednn.kernels import kernel_isa
from stages.isa import AMX, can_stand_in, missing_flags
from stages.records.cell import Cell
from stages.records.compare import CompareRecord
from stages.records.profile import ProfileRecord
from stages.runtimes import RUNTIME_NAMES
from stages.setting.programs import REHEARSE
from stages.settings import env_name
from tests.commands import Done, invoke, run
from tests.pipeline.conftest import PipelineRun
from tests.smallest import ONE_ROUND

FLAGS = cpu_flags()
CAN = can_stand_in(FLAGS)
pytestmark = [
    pytest.mark.usefixtures("built"),
    pytest.mark.skipif(not CAN, reason="this CPU has AMX, or can't stand in for it"),
]

OVERRIDE = "tests/pipeline/amx.yaml"
LIBRARY = "/opt/amxemu/libamxemu.so"
NAME = "AMX under amxemu, no figure means anything"
VNNI, BF16 = "AVX512_CORE_VNNI", "AVX512_CORE_BF16"

Run = Callable[..., Done]


@pytest.fixture(scope="module")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the emulator, what loads it into every process, and the CPU that it makes."""
    folder = tmp_path_factory.mktemp("emulation")
    folder.chmod(0o755)
    image = read_extra(REHEARSE, {}).image
    container = run("docker", "create", image).output.split()[-1]
    copied = run("docker", "cp", f"{container}:{LIBRARY}", str(folder))
    run("docker", "rm", container)
    assert copied.code == 0, copied
    (folder / "preload").write_text("/amxemu/libamxemu.so\n")
    (folder / "cpuinfo").write_text(emulated(Path("/proc/cpuinfo").read_text()))
    return folder


def emulated(cpuinfo: str) -> str:
    """Return /proc/cpuinfo of a CPU that has what the emulator claims."""
    added = " ".join(missing_flags(AMX, FLAGS))
    lines = []
    for line in cpuinfo.splitlines():
        name = line.partition(":")[0].strip()
        changed = {
            "flags": f"{line} {added}",
            "model name": f"model name\t: {NAME}",
            "cpu family": "cpu family\t: 0",  # of a generation that nobody knows to have no AMX
        }
        lines.append(changed.get(name, line))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def emulated_run(
    emulation: Path,
    tiny: dict[str, str],
    by_stock: PipelineRun,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Artifacts, Run, dict[str, Done]]:
    """Artifacts of both runtimes on that CPU, what runs more tasks there, what each one printed."""
    folder = tmp_path_factory.mktemp("emulated_run")
    for name in ("train", *(f"quantize{ending}" for ending in ("", "-stock"))):
        shutil.copytree(by_stock.artifacts.root / name, folder / name)
    settings = {"artifacts": str(folder), "isas": f"{VNNI},{BF16},{AMX}", "batch_size": "2"}
    here = {"STAGES_OVERRIDE": OVERRIDE, "AMX_EMULATED": str(emulation), "VGG19_NO_BF16": "0"}
    own = {env_name(name): text for name, text in settings.items()}

    def on_it(*task: str, **more: str) -> Done:
        given = {env_name(name): text for name, text in more.items()}
        return invoke(*task, variables={**tiny, **own, **here, **given})

    itex = {"precisions": "int8", "num_instances": "auto", "server_latency_ms": "5000"}
    done = {
        "doctor": on_it("doctor"),
        "itex": on_it("profile", **itex),
        "stock": on_it("profile", runtime="stock", precisions="bf16,int8"),
        "compare": on_it("compare"),
    }
    return Artifacts(folder), on_it, done


EmulatedRun = tuple[Artifacts, Run, dict[str, Done]]


def test_every_step_ends_well(emulated_run: EmulatedRun) -> None:
    _, _, done = emulated_run
    for name, ended in done.items():
        assert ended.code == (0 if name == "doctor" else ONE_ROUND), (name, ended)


def test_doctor_finds_that_it_can_run(emulated_run: EmulatedRun) -> None:
    (line,) = [one for one in emulated_run[2]["doctor"].output.splitlines() if f"isa {AMX} " in one]
    assert line.split()[2:] == ["ok", "can", "run"]


def cells(emulated_run: EmulatedRun, runtime: str) -> dict[tuple[str, str], Cell]:
    folder = emulated_run[0].profile(runtime)
    verify(folder.path)
    record = read_record(folder.record, ProfileRecord)
    assert record.host.cpu_model == NAME
    return {(cell.precision, cell.requested_isa): cell for cell in record.cells}


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_amx_is_proved_and_measured(emulated_run: EmulatedRun, runtime: str) -> None:
    made = cells(emulated_run, runtime)
    for precision in ("int8",) if runtime == RUNTIME_NAMES[0] else ("bf16", "int8"):
        cell = made[precision, AMX]
        assert cell.measurement
        assert cell.proof
        assert cell.verdict == "native"
        assert kernel_isa(cell.proof.kernels[0].implementation) == AMX


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_what_runs_the_kernels_of_a_lower_cap_is_measured_once(
    emulated_run: EmulatedRun, runtime: str
) -> None:
    made = cells(emulated_run, runtime)
    assert made["int8", BF16].same_as == VNNI
    assert made["int8", AMX].same_as is None


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_int8_classifies_as_without_amx(emulated_run: EmulatedRun, runtime: str) -> None:
    made = cells(emulated_run, runtime)
    with_amx, without = (made["int8", isa].measurement for isa in (AMX, VNNI))
    assert with_amx
    assert without
    assert with_amx.accuracy.predictions == without.accuracy.predictions


def test_instances_and_the_server_scenario_run_on_it(emulated_run: EmulatedRun) -> None:
    measured = cells(emulated_run, RUNTIME_NAMES[0])["int8", AMX].measurement
    assert measured
    assert measured.server
    assert "layouts of instances" in emulated_run[2]["itex"].output


def test_the_comparison_has_its_row(emulated_run: EmulatedRun) -> None:
    record = read_record(emulated_run[0].compare.record, CompareRecord)
    rows = {(row.runtime, row.precision) for row in record.rows if row.isa == AMX}
    assert {("itex", "int8"), ("stock", "int8"), ("stock", "bf16")} <= rows


def test_a_bundle_of_it_is_checked(emulated_run: EmulatedRun, tmp_path: Path) -> None:
    _, on_it, _ = emulated_run
    bundle = str(tmp_path / "bundle.tar")
    for task, code in ((("bundle", f"--output={bundle}"), 0), (("verify", bundle), ONE_ROUND)):
        done = on_it(*task)
        assert done.code == code, done
