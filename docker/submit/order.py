"""What a submit is asked for: kinds of nodes, a runner, settings, and how long a job may wait."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from docker.running import chosen_settings
from docker.submit.state import KINDS, NOT_FOR_JOBS, STORED
from stages.errors import SettingsError
from stages.setting.suggestion import quoted_part
from stages.settings import env_name

# Minutes.
DEFAULT_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: kinds of nodes, how stages run, settings, minutes.

    Settings are `settings` as flags; and of all that are in force `of_jobs`, and `of_model`, by
    which train makes what the jobs measure. A runner that was not named is empty, minutes that were
    not given are None.
    """

    kinds: tuple[str, ...]
    runner: str
    settings: Mapping[str, str]
    of_jobs: Mapping[str, str]
    of_model: Mapping[str, str]
    pending_limit: int | None


def settings_of_jobs(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of jobs in force, by name: of flags, which are `given`, variables, .env.

    Cores are a job's own unless a flag names them. Raises SettingsError for what can't be set.
    """
    cores = {name: text for name, text in given.items() if name == "cores"}
    return _in_force(given, STORED - {"cores"}) | cores


def settings_of_model(given: Mapping[str, str]) -> dict[str, str]:
    """Return those by which data and model are made, in the same way; they may hold passwords."""
    return _in_force(given, {*NOT_FOR_JOBS} - {"artifacts"})


def _in_force(given: Mapping[str, str], names: Set[str]) -> dict[str, str]:
    environ = chosen_settings({**given})
    texts = {name: environ.get(env_name(name), "") for name in sorted(names)}
    return {name: text for name, text in texts.items() if text}


def read_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds in `spr,icx`; SettingsError if there is none, or one that is not known."""
    kinds = tuple(dict.fromkeys(kind.strip().lower() for kind in text.split(",") if kind.strip()))
    if not kinds:
        raise SettingsError(f"kinds are missing; give --kinds with some of {', '.join(KINDS)}")
    for kind in kinds:
        if kind not in KINDS:
            shown = quoted_part(kind, text, KINDS)
            raise SettingsError(f"there is no kind {shown}; give {', '.join(KINDS)}")
    return kinds
