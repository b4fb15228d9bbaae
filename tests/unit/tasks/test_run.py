"""What is said, and done, when a program that a task runs ends with a code other than 0."""

import re
from collections.abc import Mapping

import pytest
from invoke.exceptions import Exit

from docker import ending, runners, running
from docker.build.graph import Stage
from docker.outcome import Outcome
from stages.errors import NotTrustedError, SettingsError
from tests.unit.times import TIME

NOT_TRUSTED = NotTrustedError.exit_code


def fail(programs: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(runners.RUNNERS, "failing", lambda *_: lambda *_: Outcome(18, 0.0))
    with pytest.raises(Exit) as end:
        running.run_programs(programs, name, "failing", {})
    return end.value.code


def test_a_task_of_one_program_adds_nothing_to_its_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(["doctor"], "doctor", monkeypatch) == 18
    assert capsys.readouterr().out == ""


def test_a_flag_can_not_force_what_the_task_does_not_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Exit) as end:
        running.run_programs(["compare"], "compare", "local", {"force": "profile,compare"})
    assert end.value.code == SettingsError.exit_code
    assert capsys.readouterr().err == (
        "compare: error: force names profile, which this does not run; give compare\n"
    )


def test_a_variable_may_force_what_another_task_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGG19_FORCE", "train")
    assert fail(["doctor"], "doctor", monkeypatch) == 18


def test_a_pipeline_says_at_which_stage_it_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(["train", "quantize"], "pipeline", monkeypatch) == 18
    begins, ends = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        rf"{TIME}pipeline: train begins; about \d+ minutes left in all \(by the defaults on .*\)",
        begins,
    )
    assert ends == "pipeline: stopped, as train failed with code 18"


def run_all(
    programs: list[str], codes: Mapping[str, int], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Run programs that end with these codes; return what each was given of compare, by name."""
    given: dict[str, str] = {}

    def end(stage: Stage, settings: Mapping[str, str]) -> Outcome:
        given[stage.name] = settings["STAGES_COMPARED"]
        return Outcome(codes.get(stage.name, 0), 1.0)

    monkeypatch.setitem(runners.RUNNERS, "ending", lambda *_: end)
    monkeypatch.setattr(running, "require_inputs", lambda *_: None)
    running.run_programs(programs, "pipeline", "ending", {})
    return given


def test_a_run_that_is_not_to_be_trusted_has_not_failed_and_ends_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = run_all(["profile", "compare"], {"profile": NOT_TRUSTED}, monkeypatch)
    assert given == {"profile": "1", "compare": "1"}
    shown = capsys.readouterr().out
    ends = [line.partition(" ")[2] for line in shown.splitlines() if " begins; " not in line]
    assert ends[:2] == ["pipeline: profile took 1.0 s", "pipeline: compare took 1.0 s"]
    assert ends[2].startswith("pipeline: done in 2.0 s")
    with pytest.raises(Exit) as end:
        ending.end()
    assert end.value.code == NOT_TRUSTED
    ending.end()  # which has been said


def test_profile_alone_is_not_told_that_compare_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_all(["profile"], {}, monkeypatch) == {"profile": ""}
    ending.end()


def test_a_failure_after_a_run_in_doubt_is_what_invoke_ends_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending.end_with(NOT_TRUSTED)
    with pytest.raises(Exit) as end:
        ending.end_with(4)
    assert end.value.code == 4
