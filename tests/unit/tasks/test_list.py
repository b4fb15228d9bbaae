import re

from docker.task_list import MAX_WIDTH
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE, STAGES, SWEEP
from tests.commands import invoke

# A line that begins a task, not one that goes on with its help.
TASK = re.compile(r"^  (\w+) ", re.MULTILINE)


def test_plain_invoke_shows_the_tasks_in_the_order_of_the_work() -> None:
    done = invoke()
    assert done.code == 0, done
    names = TASK.findall(done.output)
    order = [
        DOCTOR,
        DOWNLOAD,
        "env",
        "pipeline",
        *STAGES,
        SWEEP,
        PEERS,
        REHEARSE,
        "notebook",
        "submit",
        "jobs",
        "cancel",
        "history",
        "diff",
        "publish",
        "bundle",
        "verify",
        "export",
    ]
    assert names[: len(order)] == order
    assert max(map(len, done.output.splitlines())) <= MAX_WIDTH


def test_it_shows_every_task_once_and_the_sorted_list_names_it() -> None:
    by_name = invoke("--list").output
    names = TASK.findall(invoke().output)
    assert sorted([*names, "list"]) == TASK.findall(by_name)
    assert "Default task: list" in by_name


def test_both_lists_say_which_place_a_stage_has() -> None:
    for listing in (invoke().output, invoke("--list").output):
        for number, stage in enumerate(STAGES, start=1):
            assert re.search(rf"^  {stage} +Stage {number} of {len(STAGES)}\. ", listing, re.M)
