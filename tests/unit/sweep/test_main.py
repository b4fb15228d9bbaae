"""The stage as a whole, from the folders before it to its own, with a stand-in for the worker."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.common.worker.protocol import LoadgenTest, Trace
from stages.errors import HostError, InputMissingError, PinningError, ProofError, SettingsError
from stages.folder.handover import handing_over
from stages.records.sweep import SweepRecord
from stages.samples import Samples
from stages.stage_folders import QuantizeFolder, TrainFolder
from stages.sweep.__main__ import main
from tests.unit.profile.stand_in import StandIn, quiet_machine, slow_to_load
from tests.unit.records import HOST, quantize, train, variant

# Given with every sweep that has no other value for them.
SMALL = {"--isas": "AVX2", "--precisions": "int8", "--rounds": "2"}
GIB = 2**30


@pytest.fixture
def artifacts(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Artifacts:
    """What train and quantize left for runtime stock, on a host of two cores that ends at AVX2."""
    monkeypatch.setenv("VGG19_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("VGG19_LOCKS", str(tmp_path_factory.mktemp("locks")))
    monkeypatch.setattr("stages.profile.cell_workers.WorkerProcess", StandIn)
    monkeypatch.setattr("stages.sweep.__main__.choose_cores", lambda _: [0, 1])
    monkeypatch.setattr("stages.sweep.__main__.cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr("stages.common.host.others.look", lambda *_: (0.0, 0.0))
    monkeypatch.setattr("stages.sweep.__main__.describe_host", lambda cores: HOST)
    quiet_machine(monkeypatch)
    StandIn.reset()
    artifacts = Artifacts(tmp_path)
    with handing_over(artifacts.train.path) as partial:
        write_record(TrainFolder(partial).record, train())
        images = np.zeros((3, 224, 224, 3), np.uint8)
        Samples(images, np.array([1, 1, 0])).save(TrainFolder(partial).test)
    with handing_over(artifacts.quantize("stock").path) as partial:
        record = quantize(
            variant("int8_bf16", missing="left out"),
            runtime="stock",
            train_sha256=verify(artifacts.train.path),
        )
        write_record(QuantizeFolder(partial).record, record)
    return artifacts


def sweep(monkeypatch: pytest.MonkeyPatch, *arguments: str, runtime: str = "stock") -> None:
    small = [f"{flag}={value}" for flag, value in SMALL.items() if flag not in arguments]
    monkeypatch.setattr("sys.argv", ["sweep", "--runtime", runtime, *small, *arguments])
    main()


def swept(artifacts: Artifacts) -> SweepRecord:
    return read_record(artifacts.sweep("stock").record, SweepRecord)


def turns() -> list[tuple[int, int]]:
    """Return the batch size of each turn that was taken, with the number of the process."""
    return [
        (request.batch_size, number)
        for number, _, _, request in StandIn.asked
        if isinstance(request, LoadgenTest)
    ]


def test_it_leaves_every_point_with_its_proofs_a_table_and_a_picture(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(monkeypatch, "--precisions", "int8,int8_bf16")
    folder, record = artifacts.sweep("stock"), swept(artifacts)
    verify(folder.path)
    assert record.train_sha256 == verify(artifacts.train.path)
    assert record.quantize_sha256 == verify(artifacts.quantize("stock").path)
    shapes = [
        (it.name.layout.num_instances, it.name.layout.cores_per_instance, it.name.batch_size)
        for it in record.points
    ]
    assert shapes == [(1, 2, 1), (1, 2, 2), (2, 1, 1), (2, 1, 2)]
    assert [[run.round for run in point.runs] for point in record.points] == [[1, 2]] * 4
    int8, mixed = record.cells
    assert [it.batch_size for it in int8.proofs] == [1, 2]
    assert (mixed.impossible, mixed.proofs) == ("left out", [])
    shown = capsys.readouterr().out
    assert folder.log.read_text() in shown
    assert "sweep: precisions int8; processes x cores 1 x 2, 2 x 1; batch sizes 1, 2\n" in shown
    assert "sweep: left out: batch sizes 4, 8, 16, 32, 64: there are 3 test images\n" in shown
    assert folder.picture.read_text().startswith("<svg ")


def test_one_process_under_the_log_traces_each_size_and_none_of_it_is_timed(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(monkeypatch, "--batch-sizes", "2,1")
    traced = [(number, it.batch_size) for number, *_, it in StandIn.asked if isinstance(it, Trace)]
    assert traced == [(1, 1)] * 3 + [(1, 2)] * 3
    assert all(log == (number == 1) for number, _, log, _ in StandIn.asked)
    assert {number for _, number in turns()} == {2, 3, 4}


def test_all_sizes_of_a_layout_run_in_the_same_processes_in_turns(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(monkeypatch, "--batch-sizes", "1,2,3")
    first = {(size, number) for size, number in turns()[: len(turns()) // 2]}
    assert first == {(size, number) for size in (1, 2, 3) for number in (2, 3, 4)}
    assert StandIn.started == 4


def test_the_layouts_that_are_asked_for_alone_are_swept(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(monkeypatch, "--layouts", "2")
    assert {point.name.layout.num_instances for point in swept(artifacts).points} == {2}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--batch-sizes", "1,4"], SettingsError, "batch_sizes 4 exceeds the 3 test images"),
        (["--batch-sizes", "0"], SettingsError, "each from 1 to 4096"),
        (["--batch-sizes=-8"], SettingsError, "each from 1 to 4096"),
        (["--batch-sizes", "2,2"], SettingsError, "2 is there twice"),
        (["--layouts", "1,3"], PinningError, "layouts 3 needs 3 cores, and there are 2"),
        (["--latency-bounds", "0"], SettingsError, "each from 1 to 3600000"),
        (["--precisions", "int8_bf16"], SettingsError, r"no cell can run here \(left out\)"),
        (["--isas", "AVX512_CORE"], HostError, "no cell can run here .*avx512f"),
        (["--strict"], SettingsError, "sweep has no flag '--strict'"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_started(
    artifacts: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    kind: type[Exception],
    message: str,
) -> None:
    with pytest.raises(kind, match=message):
        sweep(monkeypatch, *arguments)
    assert StandIn.started == 0
    assert not artifacts.sweep("stock").path.exists()


def test_quantize_must_have_run_with_the_runtime(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputMissingError, match="run the quantize stage first"):
        sweep(monkeypatch, runtime="itex")


def test_a_point_that_runs_something_else_ends_the_sweep_with_its_size(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stand-in's log is of INT8.
    with pytest.raises(ProofError, match="at batch size 1, fp32_AVX2: only 0% of the time ran"):
        sweep(monkeypatch, "--precisions", "fp32")
    assert turns() == []
    assert not artifacts.sweep("stock").path.exists()


def test_a_second_run_measures_nothing_and_takes_new_bounds_from_what_was_measured(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(monkeypatch)
    StandIn.reset()
    capsys.readouterr()
    sweep(monkeypatch, "--latency-bounds", "77")
    shown = capsys.readouterr().out
    assert StandIn.started == 0
    assert "sweep: current, made" in shown
    assert "\n77         int8       none" in shown
    sweep(monkeypatch, "--force", "sweep")
    assert StandIn.started > 0


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--batch-sizes", "1"], {}, "batch_sizes is 1, was not given"),
        (["--layouts", "1"], {}, "layouts is 1, was not given"),
        ([], {"kernel": "6.2"}, "kernel is 6.2, was 6.1"),
    ],
)
def test_what_has_changed_makes_it_measure_again_which_is_said(
    artifacts: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    sweep(monkeypatch)
    changed = replace(HOST, **host)
    monkeypatch.setattr("stages.sweep.__main__.describe_host", lambda cores: changed)
    StandIn.reset()
    sweep(monkeypatch, *arguments)
    assert StandIn.started > 0
    assert f"sweep: runs again: {words}\n" in capsys.readouterr().out


def test_what_memory_does_not_hold_at_once_is_measured_in_groups_linked_by_one_point(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = replace(HOST, cores_pinned=[0, 1, 2, 3])
    monkeypatch.setattr("stages.sweep.__main__.describe_host", lambda cores: host)
    monkeypatch.setattr(memory, "expected_footprint", lambda *_: Footprint(0, 0))
    monkeypatch.setattr(memory, "LIBRARIES", GIB)
    # A process takes 500 bytes, and 500 more while it loads: there is room for six.
    monkeypatch.setattr(memory, "available", lambda *_: GIB + 3500)
    sweep(monkeypatch, "--batch-sizes", "1,2")
    record = swept(artifacts)
    rounds = {
        (it.name.layout.num_instances, it.name.batch_size): [run.round for run in it.runs]
        for it in record.points
    }
    assert rounds == {
        **{(1, 1): [1, 2], (1, 2): [1, 2, 3, 4]},
        **{(2, 1): [1, 2], (2, 2): [1, 2]},
        **{(4, 1): [3, 4], (4, 2): [3, 4]},
    }
    assert (record.groups, record.reference) == (2, record.points[1].name)
    assert "memory held the points in 2 groups" in capsys.readouterr().out


def test_loading_does_not_count_in_what_is_said_to_be_left_of_the_rounds(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow_to_load(monkeypatch, load_s=100.0, turn_s=10.0)
    sweep(monkeypatch, "--rounds", "3", "--batch-sizes", "1")
    # Two points, two turns a round, of 10 s or, in two processes, 20.
    assert "rounds of 2 points: 1/3, about 60 s left\n" in capsys.readouterr().out


def test_variables_of_profile_alone_do_not_change_a_sweep(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VGG19_STRICT", "1")
    monkeypatch.setenv("VGG19_NUM_INSTANCES", "2")
    sweep(monkeypatch)
    lasting = {it.min_duration_s for *_, it in StandIn.asked if isinstance(it, LoadgenTest)}
    assert lasting == {1.0}
    assert len(swept(artifacts).points) == 4
