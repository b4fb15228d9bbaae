"""The settings of the stages as flags of invoke's tasks, and arguments that may be left out."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from invoke.context import Context
from invoke.parser.argument import Argument
from invoke.tasks import Task

from docker.host.asked import DOCKER
from docker.how import HELP, How
from stages.command_line import help_text
from stages.setting.spec import Spec

HOWS, DRY_RUN = ("quiet", "verbose"), "dry_run"
RUNNER_HELP = (
    "docker: in containers; apptainer: in the same images, without an engine; local: as processes "
    "of this host "
)
DEFAULT = "(default: docker)"
DEFAULT_OF_JOBS = "(default: docker here, in jobs what their node has)"
# Whoever makes the images, interpreters and the emulator says which they are, the image of peers
# or a runner; and the locks must be the same for all.
NO_FLAGS = {"emulator", "image", "itex_python", "locks"}


def stage_task(
    name: str,
    doc: str,
    specs: Mapping[str, Spec],
    body: Callable[[str, dict[str, str], How], None],
    hows: Sequence[str] = HOWS,
    own: Mapping[str, str] | None = None,
    switches: Collection[str] = (),
    unnamed: str = DOCKER,
) -> "Task[Any]":
    """Return a task with a flag for every setting, and for each of `hows`, fields of How.

    The task's `own` flags, help by name, come to `body` among the settings. Those of them that are
    `switches` have no value.

    `body` gets the runner, `unnamed` if none is given, the settings that were given, and How.
    invoke's own `--dry` is as good as dry_run, if that is one of `hows`.
    """
    flags = {setting: spec for setting, spec in specs.items() if setting not in NO_FLAGS}

    def run(context: Context | None, runner: str, **given: str | bool | None) -> None:
        how = {name: bool(given.pop(name)) for name in hows}
        if DRY_RUN in hows and context and context.config.run.dry:
            how[DRY_RUN] = True
        chosen = {name: value for name, value in given.items() if value not in (None, False)}
        body(runner, {name: _text(value) for name, value in chosen.items()}, How(**how))

    run.__name__, run.__doc__ = name, doc
    has_value = {name: not spec.is_switch for name, spec in flags.items()}
    has_value |= {name: name not in switches for name in own or ()}
    run.__signature__ = _signature(has_value, hows, unnamed)  # type: ignore[attr-defined]
    help_texts = {setting: help_text(setting) for setting in flags}
    help_texts["runner"] = RUNNER_HELP + (DEFAULT if unnamed else DEFAULT_OF_JOBS)
    help_texts |= own or {}
    help_texts |= {how: HELP[how] for how in hows}
    return Task(run, name=name, help=help_texts, auto_shortflags=False)


def flags_given(**flags: str) -> dict[str, str]:
    """Return the flags that were given."""
    return {name: text for name, text in flags.items() if text}


def _text(value: str | bool | None) -> str:
    return value if isinstance(value, str) else "1"


def _signature(
    has_value: Mapping[str, bool], hows: Sequence[str], runner: str
) -> inspect.Signature:
    def parameter(name: str, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)

    # invoke makes a flag without a value of what is False by default.
    flags = [parameter(name, None if takes else False) for name, takes in has_value.items()]
    flags += [parameter(how, False) for how in hows]
    return inspect.Signature([parameter("_"), parameter("runner", runner), *flags])


class _Replaceable(Argument):
    """An argument that must be given unless one of its `replacements`, flags, is."""

    replacements: Sequence[Argument]

    @property
    def default(self) -> str | None:
        """Its value if it is not given: None makes invoke ask for it."""
        return "" if any(flag.got_value for flag in self.replacements) else None

    @default.setter
    def default(self, _: object) -> None:
        """Leave the rule as it is."""


class ReplaceableTask(Task[Any]):
    """A task whose first argument need not be given if one of the flags `replacements` is."""

    replacements: tuple[str, ...] = ()

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments as Task does, the first one as an argument of that kind."""
        first, *others = super().get_arguments(ignore_unknown_help)
        replaceable = _Replaceable(names=first.names, help=first.help, positional=True)
        replaceable.replacements = [flag for flag in others if flag.name in self.replacements]
        return [replaceable, *others]
