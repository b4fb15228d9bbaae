"""The settings of the stages as flags of invoke's tasks."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from invoke.context import Context
from invoke.tasks import Task

from stages.setting import Spec
from stages.settings import env_name

RUNNER_HELP = "docker, or local: as processes of this host"


def stage_task(
    name: str, doc: str, specs: Mapping[str, Spec], body: Callable[[str, dict[str, str]], None]
) -> "Task[Any]":
    """Return a task with a flag for every setting; `body` gets the runner and those given."""

    def run(_: Context, runner: str, **given: str) -> None:
        body(runner, {setting: text for setting, text in given.items() if text})

    run.__name__, run.__doc__ = name, doc
    run.__signature__ = _signature(specs)  # type: ignore[attr-defined]
    help_texts = {each: f"{spec.help} ({env_name(each)})" for each, spec in specs.items()}
    return Task(run, name=name, help={**help_texts, "runner": RUNNER_HELP}, auto_shortflags=False)


def _signature(settings: Iterable[str]) -> inspect.Signature:
    def parameter(name: str, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)

    flags = [parameter(setting, "") for setting in settings]
    return inspect.Signature([parameter("_"), parameter("runner", "docker"), *flags])
