"""What is known of cells: used by the next run of profile, and by one that adds rounds."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts, read_record, verify
from stages.common.host.memory import Footprint
from stages.common.text import when
from stages.common.worker.protocol import LoadgenTest, Trace
from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    SettingsError,
    WorkerError,
)
from stages.files.checksums import write_checksums
from stages.profile.known import KnownCells
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult
from stages.profile.proving import TRACES
from stages.profile.sureness import Sureness
from stages.records.base import Interval
from stages.records.measure import Span
from stages.records.profile import ProfileRecord
from tests.unit.profile.stand_in import PREDICTIONS, StandIn
from tests.unit.profile.test_main import SMALL, artifacts, make_quantize, make_train, profile
from tests.unit.records import HOST, NOT_COUNTED

__all__ = ["artifacts"]
UNSURE = Sureness("offline", 2.0, Interval(estimate=1.0, low=0.9, high=1.1), 6)
MADE = "2026-11-26T20:53:07Z"


@pytest.fixture
def measured(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """What a first run left, in which a round is enough."""
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    monkeypatch.setenv("STAGES_COMPARED", "1")
    profile(monkeypatch, *SMALL, "--rounds", "6")
    StandIn.reset()
    return artifacts


def asked() -> tuple[int, int, int]:
    """Return how many traces, tests of accuracy and turns the workers were asked for."""
    requests = [request for _, _, _, request in StandIn.asked]
    tests = [request for request in requests if isinstance(request, LoadgenTest)]
    traces = sum(isinstance(request, Trace) for request in requests)
    accuracy = sum(test.accuracy for test in tests)
    return traces, accuracy, len(tests) - accuracy


def record_of(artifacts: Artifacts) -> ProfileRecord:
    verify(artifacts.profile("stock").path)
    return read_record(artifacts.profile("stock").record, ProfileRecord)


def follows_from_its_logs(artifacts: Artifacts) -> None:
    """Check that all that the record names is in its own folder."""
    folder, record = artifacts.profile("stock"), record_of(artifacts)
    (cell,) = record.cells
    assert cell.proof
    assert cell.measurement
    assert (folder.proof / cell.proof.log).is_file()
    measurements = [cell.measurement, record.repeat.measurement]
    runs = [run for it in measurements for run in (*it.offline.runs, *it.single_stream.runs)]
    logs = [batches.log for run in runs for batches in run.instances]
    logs += [it.accuracy.log for it in measurements]
    assert len(logs) == len(set(logs))
    assert all((folder.loadgen / log / "log").is_file() for log in logs)


def test_a_run_with_other_rounds_proves_and_classifies_nothing_again(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = record_of(measured)
    profile(monkeypatch, *SMALL, "--rounds", "7")
    assert asked() == (0, 0, 2 * 2 * 7)
    after = record_of(measured)
    assert after.cells[0].proof == before.cells[0].proof
    assert after.cells[0].measurement
    assert after.cells[0].measurement.accuracy.predictions == PREDICTIONS
    assert "what 1 of 1 cells run is known from 2" in capsys.readouterr().out
    follows_from_its_logs(measured)


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--batch-size", "1"], {}, "batch_size is 1, was 2"),
        ([], {"boot_id": "e1f4"}, "boot of the machine is e1f4, was d0e3"),
        ([], {"microcode": "0x2"}, "microcode is 0x2, was 0x1"),
        (["--num-instances", "2"], {}, "cores of an instance is 0, was 0,1"),
    ],
)
def test_what_came_from_anything_else_is_made_again_which_is_said_once(
    measured: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    capsys.readouterr()
    monkeypatch.setattr(
        "stages.profile.__main__.describe_host", lambda cores: replace(HOST, **host)
    )
    profile(monkeypatch, *SMALL, "--rounds", "7", *arguments)
    assert asked()[:2] == (TRACES, 2)
    shown = capsys.readouterr().out
    assert shown.count(f"profile: what was known of cells is made again: {words}\n") == 1


def test_a_model_that_is_the_same_is_not_proved_again_because_another_changed(
    tmp_path: Path,
) -> None:
    log, trace = (
        tmp_path / "fp32.log",
        TraceResult(Span(begin_ms=0.0, end_ms=5.0), NOT_COUNTED, [], MADE),
    )
    log.write_text("onednn_verbose")
    fp32, int8 = (PlannedCell(name, "AVX2", None) for name in ("bf16", "int8"))
    before = KnownCells(folder=tmp_path / "known", origins={"fp32": {"a": 1}, "int8": {"b": 1}})
    for cell in (fp32, int8):
        before.keep_trace(cell, trace, Footprint(3, 2), log)
    now = replace(before, origins={"fp32": {"a": 1}, "int8": {"b": 2}})
    copy = tmp_path / "proof" / "copy.log"
    assert now.trace(fp32, copy) == (trace, Footprint(3, 2))
    assert copy.read_text() == "onednn_verbose"
    assert now.trace(int8, copy) is None


def test_what_was_edited_is_made_again(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = measured.cells_of("stock") / "int8_AVX2.classes" / "known.json"
    known.write_text(known.read_text().replace("[1,1,0]", "[0,0,0]"))
    known.write_text(json.dumps({**json.loads(known.read_text()), "predictions": [0, 0, 0]}))
    profile(monkeypatch, *SMALL, "--rounds", "7")
    assert asked()[:2] == (0, 1)
    assert "known.json is missing or differs from SHA256SUMS\n" in capsys.readouterr().out
    (cell,) = record_of(measured).cells
    assert cell.measurement
    assert cell.measurement.accuracy.predictions == PREDICTIONS


def test_what_is_no_such_record_is_made_again(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = measured.cells_of("stock") / "int8_AVX2.traced"
    (folder / "known.json").write_text('{"schema_version": 7}')
    write_checksums(folder)
    profile(monkeypatch, *SMALL, "--rounds", "7")
    assert asked()[:2] == (TRACES, 0)
    assert "known.json can't be read (" in capsys.readouterr().out


def test_force_makes_all_of_it_again(measured: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(monkeypatch, *SMALL, "--rounds", "6", "--force", "profile")
    assert asked() == (TRACES, 2, 2 * 2 * 6)


def test_a_run_that_was_killed_goes_on_from_what_it_knew(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    answered = StandIn.receive

    def receive(worker: StandIn, answer: type, lasting_s: float = 0.0) -> object:
        if asked()[2]:
            raise WorkerError("killed")
        return answered(worker, answer, lasting_s)

    monkeypatch.setattr(StandIn, "receive", receive)
    with pytest.raises(WorkerError, match="killed"):
        profile(monkeypatch, *SMALL)
    assert asked()[:2] == (TRACES, 2)
    monkeypatch.setattr(StandIn, "receive", answered)
    StandIn.reset()
    profile(monkeypatch, *SMALL)
    assert asked()[:2] == (0, 0)
    follows_from_its_logs(artifacts)


def test_rounds_are_added_to_what_was_measured(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = record_of(measured)
    profile(monkeypatch, *SMALL, "--rounds", "2", "--more")
    assert asked() == (0, 0, 2 * 2 * 2)
    after = record_of(measured)
    (cell,), (earlier,) = after.cells, before.cells
    assert cell.measurement
    assert earlier.measurement
    for scenario in ("offline", "single_stream"):
        runs = cell.measurement.runs(scenario)
        assert [run.round for run in runs] == [*range(1, 9)]
        assert [*runs[:6]] == earlier.measurement.runs(scenario)
        assert len(after.repeat.measurement.runs(scenario)) == 8
    assert cell.proof == earlier.proof
    assert after.added_to == [before.maker.made]
    assert after.seconds > before.seconds
    assert after.maker.settings["rounds"] == 2
    (kept,) = measured.history_of("stock").iterdir()
    assert read_record(kept / "measurements.json", ProfileRecord) == before
    follows_from_its_logs(measured)
    profile(monkeypatch, *SMALL, "--rounds", "1", "--more")
    assert record_of(measured).added_to == [*after.added_to, after.maker.made]


def test_it_is_said_since_when_rounds_were_measured(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = record_of(measured).maker.made
    profile(monkeypatch, *SMALL, "--rounds", "2", "--more")
    last = record_of(measured).maker.made
    said = f"; measured {when(last)}, with rounds since {when(first)}"
    assert said in capsys.readouterr().out


def test_at_least_one_round_is_added_to_what_is_sure(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    for arguments in ((), ("--more", "--time-budget", "60", "--precision-goal", "0.01")):
        StandIn.reset()
        profile(monkeypatch, *SMALL, *arguments)
    assert asked() == (0, 0, 2 * 2)


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--round-queries", "20"], {}, "round_queries is 20, was 11"),
        (["--all-cells"], {}, "all_cells is on, was off"),
        ([], {"boot_id": "e1f4"}, "boot of the machine is e1f4, was d0e3"),
        ([], {"cpu_model": "Other"}, "CPU is Other, was "),
    ],
)
def test_no_rounds_are_added_to_what_came_from_anything_else(
    measured: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    before = verify(measured.profile("stock").path)
    monkeypatch.setattr(
        "stages.profile.__main__.describe_host", lambda cores: replace(HOST, **host)
    )
    with pytest.raises(InputStaleError, match=f"{words}.*; run profile without --more"):
        profile(monkeypatch, *SMALL, *arguments, "--more")
    assert StandIn.started == 0
    assert verify(measured.profile("stock").path) == before


def test_no_rounds_are_added_to_other_inputs_to_edited_figures_or_to_nothing(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = measured.profile("stock").record
    text = record.read_text()
    record.write_text(text.replace('"rate_per_s": 4.0', '"rate_per_s": 4000.0'))
    with pytest.raises(InputCorruptError, match=r"SHA256SUMS; run profile without --more"):
        profile(monkeypatch, *SMALL, "--more")
    record.write_text(text)
    make_train(measured, shade=1)
    make_quantize(measured, "stock")
    with pytest.raises(InputStaleError, match="what train left changed"):
        profile(monkeypatch, *SMALL, "--more")
    make_quantize(measured, "itex")
    with pytest.raises(InputMissingError, match=r"profile is missing; run profile without --more"):
        profile(monkeypatch, *SMALL, "--more", runtime="itex")
    assert StandIn.started == 0


@pytest.mark.parametrize("name", ["int8_AVX2.traced", "int8_AVX2.again.classes"])
def test_no_rounds_are_added_where_it_is_not_known_any_more_what_ran(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.rmtree(measured.cells_of("stock") / name)
    with pytest.raises(InputStaleError, match="is not known any more; run profile without --more"):
        profile(monkeypatch, *SMALL, "--more")
    assert StandIn.started == 0


@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (["--rounds", "3"], False),
        (["--rounds", "6", "--precision-goal", "0.5"], False),
        (["--rounds", "7"], True),
        (["--precision-goal", "0.5", "--time-budget", "9"], False),
    ],
)
def test_rounds_that_are_enough_for_what_is_asked_are_not_measured_again(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, arguments: list[str], again: bool
) -> None:
    profile(monkeypatch, *SMALL, *arguments)
    assert bool(StandIn.started) == again


@pytest.mark.parametrize(("budget", "again"), [("30", False), ("50", True)])
def test_what_had_as_much_time_for_the_same_goal_is_not_measured_again(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, budget: str, again: bool
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    monkeypatch.setattr("stages.profile.enough.sureness", lambda *_: UNSURE)
    profile(monkeypatch, *SMALL, "--time-budget", "40")
    StandIn.reset()
    profile(monkeypatch, *SMALL, "--time-budget", budget)
    assert bool(StandIn.started) == again


def test_a_trace_that_was_disturbed_is_made_again(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    monkeypatch.setattr("stages.profile.cell_workers.disturbances", lambda _: ["waiting"])
    profile(monkeypatch, *SMALL, "--rounds", "6")
    StandIn.reset()
    profile(monkeypatch, *SMALL, "--rounds", "7")
    assert asked()[:2] == (TRACES, 0)


def test_rounds_are_added_to_what_was_disturbed_when_it_was_traced(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    with monkeypatch.context() as disturbed:
        disturbed.setattr("stages.profile.cell_workers.disturbances", lambda _: ["waiting"])
        profile(monkeypatch, *SMALL, "--rounds", "6")
    before = record_of(artifacts)
    StandIn.reset()
    profile(monkeypatch, *SMALL, "--rounds", "2", "--more")
    assert asked() == (0, 0, 2 * 2 * 2)
    assert record_of(artifacts).cells[0].proof == before.cells[0].proof
    follows_from_its_logs(artifacts)


def test_turns_are_as_long_as_the_machine_is_fast_now(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandIn, "batch_s", 0.01)
    profile(monkeypatch, *SMALL, "--rounds", "7")
    turns = [
        request
        for _, _, _, request in StandIn.asked
        if isinstance(request, LoadgenTest) and request.scenario == "offline"
    ]
    assert min(turn.min_queries for turn in turns) >= 200


def test_what_is_made_again_is_no_place_to_add_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="more contradicts force"):
        profile(monkeypatch, "--more", "--force", "profile")
