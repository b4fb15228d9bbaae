"""The measurements that are there, the current one of each runtime and those that are kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.artifacts import Artifacts, read_record, verify
from stages.errors import (
    InputCorruptError,
    InputMissingError,
    SettingsError,
    StageError,
    refused_by_system,
)
from stages.folder.foreign import kept
from stages.records.profile import ProfileRecord
from stages.runtimes import RUNTIME_NAMES
from stages.setting.addresses import fit_to_show
from stages.setting.suggestion import quoted
from stages.stage_folders import ProfileFolder

CURRENT = "current"
# But for what is between a time and the number behind it.
PUNCTUATION = re.compile(r"(?<!Z)-|:")


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement: its record, or the error why it can't be read."""

    runtime: str
    is_current: bool
    folder: ProfileFolder
    record: ProfileRecord | None
    error: StageError | None = None

    @property
    def made(self) -> str:
        """When it was made, in UTC, with the number that its folder's name has, if any.

        If it can't be read, the folder's name, or `current`.
        """
        if self.record is None:
            return CURRENT if self.is_current else self.folder.path.name
        number = "" if self.is_current else "".join(self.folder.path.name.partition("-")[1:])
        return f"{self.record.maker.made}{number}"

    def require_record(self) -> ProfileRecord:
        """Return the record; raise why it can't be read."""
        if self.record is None:
            raise self.error or InputMissingError(
                f"{self.folder.path} has no record; measure again"
            )
        return self.record


def read_runs(artifacts: Artifacts) -> list[Run]:
    """Return all measurements by runtime, the current one first, then the latest first.

    Raises InputMissingError if there is none.
    """
    runs = [run for runtime in RUNTIME_NAMES for run in _of_runtime(artifacts, runtime)]
    if not artifacts.root.is_dir():
        raise InputMissingError(f"{artifacts.root} is no folder; run the pipeline first")
    if not runs:
        raise InputMissingError(f"{artifacts.root} has no measurement; run the profile stage first")
    return runs


def chosen(runs: Sequence[Run], text: str) -> tuple[Run, Run]:
    """Return the two that `WHEN` or `WHEN,WHEN` names: the one before, and the one after.

    Without a second it is the current one of the same runtime. Raises SettingsError if the text
    names no two, InputMissingError for a time that none was made at.
    """
    given = [part.strip() for part in text.split(",")]
    named = [part for part in given if part != CURRENT]
    if not all(given) or len(given) > 2 or fit_to_show(text) != text:
        raise SettingsError(f"compare can't be {quoted(text)}; give WHEN, or WHEN,WHEN, as listed")
    if len(runs) == 1:
        raise InputMissingError(
            f"there is no measurement but that of {runs[0].made}; measure again, then compare"
        )
    if not named:
        raise SettingsError(
            f"compare can't be {quoted(text)} alone; name an earlier one, as listed"
        )
    first = _find(runs, named[0])
    both = [*given, CURRENT][:2]
    before, after = (
        _current(runs, first) if part == CURRENT else _find(runs, part) for part in both
    )
    if before is after:
        raise SettingsError(f"compare can't be {quoted(text)}, one run with itself; give two")
    _require_rounds_of_their_own(before, after)
    return before, after


def _require_rounds_of_their_own(before: Run, after: Run) -> None:
    """Raise SettingsError if rounds were added to one run to make the other."""
    if before.runtime == after.runtime and (_grew(before, after) or _grew(after, before)):
        raise SettingsError(
            f"{before.made} and {after.made} have rounds of one measurement, to which some were "
            "added; compare either with another"
        )


def _grew(before: Run, after: Run) -> bool:
    """Return whether all rounds of one run are in another."""
    if before.record is None or after.record is None:
        return False
    return {*before.record.parts} <= {*after.record.added_to}


def _of_runtime(artifacts: Artifacts, runtime: str) -> Iterator[Run]:
    current = artifacts.profile(runtime)
    if current.path.is_dir():
        yield _read(runtime, current, True)
    for folder in kept(artifacts, runtime):
        yield _read(runtime, folder, False)


def _read(runtime: str, folder: ProfileFolder, is_current: bool) -> Run:
    try:
        return Run(runtime, is_current, folder, _record(runtime, folder))
    except OSError as error:
        refused = refused_by_system(error)
        if refused is None:
            raise
    except StageError as error:
        refused = error
    cause = str(refused).partition("; ")[0]
    remedy = "run the profile stage again" if is_current else f"remove {folder.path}"
    return Run(runtime, is_current, folder, None, error=type(refused)(f"{cause}; {remedy}"))


def _record(runtime: str, folder: ProfileFolder) -> ProfileRecord:
    verify(folder.path, [folder.record.name])
    record = read_record(folder.record, ProfileRecord)
    if record.runtime != runtime:
        raise InputCorruptError(f"{folder.record} is of runtime {record.runtime}")
    return record


def _current(runs: Sequence[Run], other: Run) -> Run:
    found = (run for run in runs if run.is_current and run.runtime == other.runtime)
    if run := next(found, None):
        return run
    raise InputMissingError(
        f"no current measurement by {other.runtime} is there; run the profile stage first"
    )


def _plain(when: str) -> str:
    return PUNCTUATION.sub("", when.upper())


def _find(runs: Sequence[Run], when: str) -> Run:
    beginning = _plain(when)
    begun = [run for run in runs if _plain(run.made).startswith(beginning)]
    # The current one has a name of its own, if another was made in that second.
    exact = [run for run in begun if _plain(run.made) == beginning and not run.is_current]
    found = exact if len(exact) == 1 else begun
    if len(found) == 1:
        return found[0]
    those = ", ".join(f"{run.made} ({run.runtime})" for run in found or runs)
    problem = f"{len(found)} begin" if found else "no measurement begins"
    raise InputMissingError(f"{problem} with {when[:40]!r}; give more or other of: {those}")
