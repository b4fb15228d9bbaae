"""What is said when a program that a task runs has failed."""

import pytest
from invoke.exceptions import Exit

from docker import runners, running
from docker.containers import Outcome
from stages.errors import SettingsError


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
    assert capsys.readouterr().out == "pipeline: stopped, as train failed with code 18\n"
