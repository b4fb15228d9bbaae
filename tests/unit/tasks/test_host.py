"""`--host`: which tasks have it, and what is refused before anything is asked there."""

import pytest

import tasks
from docker.host.asked import LOCAL_TASKS
from docker.host.elsewhere import HOST
from stages.errors import EngineError, SettingsError
from tests.commands import invoke

ANOTHER_MACHINES = {*LOCAL_TASKS, "build", "bundle"} - {"submit"}


def test_what_runs_stages_or_asks_for_their_images_can_do_so_on_another_machine() -> None:
    flags = {
        name: {it.name for it in task.get_arguments()} for name, task in tasks.ns.tasks.items()
    }
    assert {name for name, names in flags.items() if HOST in names} == ANOTHER_MACHINES


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--host", "ssh://me:hunter2@vm"), "host can't be 'ssh://***@vm'; give ssh://USER@HOST"),
        (("--host=me@vm",), "host can't be 'me@vm'; give ssh://USER@HOST or ssh://USER@HOST:PORT"),
        (("--host=ssh://vm", "--runner=local"), "host takes the runner docker; leave out"),
        (("--host=ssh://vm", "--dry-run"), "dry_run works out what this machine would do"),
        (("--host=ssh://vm", "--model", "/etc"), "model names a file of this machine"),
    ],
)
def test_what_can_not_be_is_refused(flags: tuple[str, ...], line: str) -> None:
    done = invoke("pipeline", *flags)
    assert done.code == SettingsError.exit_code, done
    assert f"pipeline: error: {line}" in done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize("task", ["doctor", "build", "bundle"])
def test_a_machine_that_is_not_there_is_named_with_the_reason(task: str) -> None:
    done = invoke(task, "--host", "ssh://me@127.0.0.1:1")
    assert done.code == EngineError.exit_code, done
    assert len(done.error_lines) == 1
    assert "no engine answers at ssh://me@127.0.0.1:1: " in done.error_lines[0]
