"""The trials of a run that was ended, from which the next one goes on.

What was timed depends on the machine since it was started, so all must be of this start of it, and
come from what this run comes from. Else the search begins again.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.common.current import Facts, facts_of, in_words, machine_facts
from stages.common.provenance import maker
from stages.common.text import when
from stages.errors import StageError
from stages.files import left_overs, trees
from stages.folder.foreign import foreign, require_made
from stages.program.host_path import shown
from stages.records.base import UNKNOWN, Host
from stages.records.quantize import Recipe, Sensitivity, Trial
from stages.records.trial import KeptTrial
from stages.settings import Settings
from stages.stage_folders import TrialFolder

# What the folders of trials are named by: a recipe that was tried, an op that was left in FP32.
RECIPE, OP = "trial", "op"
TRIAL = re.compile(rf"({RECIPE}|{OP})-([0-9]{{1,5}})")


def discard(artifacts: Artifacts, runtime: str) -> None:
    """Remove the trials, of no use once there is a model; what can't be removed is no failure."""
    with suppress(StageError, OSError):
        _remove(artifacts.trials_of(runtime))


def _remove(folder: Path) -> None:
    """Remove all trials; NotWritableError if there is something that no stage made."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if not TRIAL.fullmatch(left_overs.owner_of(path) or path.name):
                raise foreign(path)
            require_made(TrialFolder(path))
        trees.remove(folder)


def kept_trials(folder: Path) -> Iterator[TrialFolder]:
    """Yield the folder of each kept trial of a runtime, in the order in which they were made."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    matches = filter(None, map(TRIAL.fullmatch, names))
    for match in sorted(matches, key=lambda match: (match[1] == OP, int(match[2]))):
        yield TrialFolder(folder / match[0])


def origins(train_sha256: str, host: Host) -> Facts:
    """Return what the stage's output comes from, beside what its maker says."""
    return {"what train left": train_sha256, **machine_facts(host)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What this run's trials come from."""

    settings: Settings
    train_sha256: str
    host: Host

    def why_not_of(self, record: KeptTrial) -> str:
        """Return why a trial is none that this run could have made, empty if it is one."""
        if "quantize" in self.settings.force:
            return "it is forced"
        if self.host.boot_id == UNKNOWN:
            return "the machine does not show when it was started"
        if record.host.boot_id != self.host.boot_id:
            return "the machine was started again since"
        before = facts_of(record.maker, origins(record.train_sha256, record.host))
        now = origins(self.train_sha256, self.host)
        return in_words(before, facts_of(maker(self.settings, "quantize"), now))


class KeptTrials:
    """Takes up the trials that an earlier run left in `artifacts`, and keeps those of this one.

    `num_taken_up` is how many recipes this run did not have to try again.
    """

    def __init__(self, artifacts: Artifacts, origin: Origin) -> None:
        self._artifacts, self._origin = artifacts, origin
        self._runtime = origin.settings.runtime
        self._trials: dict[Recipe, tuple[TrialFolder, Trial]] = {}
        self._sensitivities: dict[Recipe, Sensitivity] = {}
        # One that fails is not kept, but has a number of its own, as its log has.
        self._numbers = {RECIPE: count(1), OP: count(1)}
        self.num_taken_up = 0

    def take_up(self) -> None:
        """Read what an earlier run left, or remove it if it is of no use; a line says which.

        Raises NotWritableError if it can't be removed.
        """
        made = ""
        for folder in kept_trials(self._artifacts.trials_of(self._runtime)):
            try:
                verify(folder.path, [folder.record.name])
                record = read_record(folder.record, KeptTrial)
                why = self._origin.why_not_of(record)
            except StageError as error:
                why = str(error).partition("; ")[0]
            if why:
                self._begin_again(why)
                return
            self._add(folder, record)
            made = max(made, record.maker.made)
        if self._trials:
            self._say(f"goes on after {self._in_words()}, made {when(made)}")

    def trial(self, recipe: Recipe) -> tuple[TrialFolder, Trial] | None:
        """Return what an earlier run found by a recipe, and where; None if it did not try it."""
        self.num_taken_up += recipe in self._trials
        return self._trials.get(recipe)

    def sensitivity(self, recipe: Recipe) -> Sensitivity | None:
        """Return what an earlier run found of the op that a recipe leaves out last; or None."""
        return self._sensitivities.get(recipe)

    def new_place(self, kind: str) -> TrialFolder:
        """Return where the next trial is to be handed over: `kind` is RECIPE or OP."""
        folder = self._artifacts.trials_of(self._runtime)
        paths = (TrialFolder(folder / f"{kind}-{number}") for number in self._numbers[kind])
        return next(place for place in paths if not place.path.exists())

    def write(self, place: TrialFolder, recipe: Recipe, found: Trial | Sensitivity) -> None:
        """Write the record of a trial to the folder that is about to be handed over."""
        origin = self._origin
        record = KeptTrial(
            maker=maker(origin.settings, "quantize"),
            train_sha256=origin.train_sha256,
            host=origin.host,
            recipe=recipe,
            trial=found if isinstance(found, Trial) else None,
            sensitivity=found if isinstance(found, Sensitivity) else None,
        )
        write_record(place.record, record)

    def _add(self, folder: TrialFolder, record: KeptTrial) -> None:
        if record.trial:
            self._trials[record.recipe] = folder, record.trial
        if record.sensitivity:
            self._sensitivities[record.recipe] = record.sensitivity

    def _begin_again(self, why: str) -> None:
        self._trials.clear()
        self._sensitivities.clear()
        _remove(self._artifacts.trials_of(self._runtime))
        self._say(f"begins again, without the trials of a run that was ended: {why}")

    def _in_words(self) -> str:
        ops = len(self._sensitivities)
        of_ops = f" and {ops} op{'s' if ops > 1 else ''} in FP32" if ops else ""
        return f"trial {len(self._trials)} of at most {self._origin.settings.max_trials}{of_ops}"

    def _say(self, text: str) -> None:
        print(shown(f"quantize: {text}"), flush=True)
