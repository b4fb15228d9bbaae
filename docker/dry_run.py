"""What `invoke --dry` does: most tasks refuse it, as they can't show what they would do."""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from docker.ending import end_with
from stages.errors import SettingsError, exit_code_of

# These change nothing, or show what they would do.
OBEYING = ("clean", "list", "pipeline", "schema", "version")


def guard(tasks: "Iterable[Task[Any]]") -> None:
    """Let every task but those of OBEYING refuse `--dry`, before it does anything."""
    for task in tasks:
        if task.name not in OBEYING:
            task.body = _guarded(task.name, task.body)


def _guarded(name: str, body: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(body)
    def run(context: Context, *arguments: Any, **given: Any) -> Any:
        if context.config.run.dry:
            end_with(exit_code_of(name, partial(_refuse, name)))
        return body(context, *arguments, **given)

    return run


def _refuse(name: str) -> None:
    raise SettingsError(f"{name} can't be tried by --dry; leave it out, nothing was done")
