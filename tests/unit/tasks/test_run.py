"""What is said when a program that a task runs has failed."""

import pytest
from invoke.exceptions import Exit

from docker import runners, running
from docker.containers import Outcome


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


def test_a_pipeline_says_at_which_stage_it_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(["train", "quantize"], "pipeline", monkeypatch) == 18
    assert capsys.readouterr().out == "pipeline: stopped, as train failed with code 18\n"
