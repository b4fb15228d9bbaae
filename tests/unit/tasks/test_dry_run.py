import sys
from pathlib import Path
from typing import Any

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

import tasks
from docker.dry_run import OBEYING, guard
from stages.errors import SettingsError
from tests.commands import invoke
from tests.unit.docker.fake_engine import FakeEngine


def dry() -> Context:
    return Context(Config(overrides={"run": {"dry": True}}))


@pytest.mark.parametrize("name", sorted({*tasks.ns.task_names} - {*OBEYING}))
def test_a_task_that_can_not_be_tried_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit) as ended:
        tasks.ns[name](dry())
    assert ended.value.code == SettingsError.exit_code
    assert "can't be tried by --dry" in capsys.readouterr().err


def test_nothing_of_it_is_done_and_without_dry_all_is() -> None:
    done: list[str] = []

    def body(_: Context, flag: str = "") -> None:
        done.append(flag)

    task: Task[Any] = Task(body, name="work")
    guard([task])
    with pytest.raises(Exit):
        task(dry(), flag="a")
    assert done == []
    task(Context(), flag="b")
    assert done == ["b"]
    assert [argument.name for argument in task.get_arguments()] == ["flag"]


@pytest.mark.parametrize("task", ["compare", "bundle", "history"])
def test_the_command_says_so_in_one_line(task: str) -> None:
    done = invoke("--dry", task)
    assert done.code == SettingsError.exit_code, done
    assert done.output.splitlines() == [
        f"{task}: error: {task} can't be tried by --dry; leave it out, nothing was done"
    ]


@pytest.mark.parametrize("flags", [["pipeline", "--dry-run"], ["--dry", "pipeline"]])
def test_a_pipeline_is_shown_and_nothing_is_made(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, place = FakeEngine(tmp_path, monkeypatch, sys.executable), tmp_path / "artifacts"
    done = invoke(*flags, variables={"VGG19_ARTIFACTS": str(place)})
    assert done.code == 0, done
    head, *rows = done.output.splitlines()
    assert head == "pipeline: nothing is run; this is what it would do"
    assert [row.split()[0] for row in rows[:4]] == ["train", "quantize", "profile", "compare"]
    assert {words[0] for words in engine.asked} == {"image"}
    assert not place.exists()


def test_memory_is_what_a_container_will_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeEngine(tmp_path, monkeypatch, sys.executable)
    variables = {"VGG19_ARTIFACTS": str(tmp_path / "artifacts"), "STAGES_MEMORY": "1g"}
    done = invoke("pipeline", "--dry-run", variables=variables)
    (row,) = (line for line in done.output.splitlines() if line.startswith("memory"))
    assert "1.0 are available" in row


def test_quiet_contradicts_verbose() -> None:
    done = invoke("pipeline", "--quiet", "--verbose")
    assert done.code == SettingsError.exit_code
    assert done.output == "pipeline: error: quiet contradicts verbose; give one of them\n"


def test_what_changes_nothing_is_shown() -> None:
    assert invoke("--dry", "version").code == 0
