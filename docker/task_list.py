"""All tasks in the order of the work, while `invoke --list` sorts them by name.

It is the default task, so that plain `invoke` and plain `./bootstrap.py` show it.
"""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from invoke.context import Context
from invoke.tasks import Task
from invoke.util import helpline

MAX_WIDTH = 100
INDENT = "  "
CLOSING = "`invoke --help TASK` shows the flags of a task, what they mean, their defaults."

Groups = Mapping[str, "Sequence[Task[Any]]"]


def list_task(groups: Groups) -> "Task[Any]":
    """Return the task that shows all tasks by group."""

    def run(_: Context) -> None:
        """Show all tasks in the order of the work."""
        print(render(groups, min(shutil.get_terminal_size().columns, MAX_WIDTH)))

    return Task(run, name="list", default=True)


def render(groups: Groups, width: int) -> str:
    """Return the tasks under the headings of their groups, in lines of at most `width` columns."""
    column = max(len(task.name) for tasks in groups.values() for task in tasks)
    blocks = [
        "\n".join([heading, *(_line(task, column, width) for task in tasks)])
        for heading, tasks in groups.items()
    ]
    return "\n\n".join([*blocks, CLOSING])


def _line(task: "Task[Any]", column: int, width: int) -> str:
    head = f"{INDENT}{task.name:{column}}{INDENT}"
    return textwrap.fill(
        helpline(task) or "", width, initial_indent=head, subsequent_indent=" " * len(head)
    )
