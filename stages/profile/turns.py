"""Turns: every cell's instances are alive, and one cell at a time runs a test of LoadGen.

What disturbs the machine for longer than a turn then disturbs all cells alike. A worker that is
not asked waits for its next line of input, which costs nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from stages.common.provenance import now
from stages.common.worker.interleave import orders
from stages.common.worker.protocol import LoadgenAnswer
from stages.profile.counting import marked
from stages.profile.instance_group import InstanceGroup
from stages.profile.loadgen_settings import expected_seconds, turn_request
from stages.records.cell import Server
from stages.records.measure import Run
from stages.settings import Settings

# The scenarios in which cells take turns; the server scenario comes after them, cell by cell.
SCENARIOS = ("offline", "single_stream")
# How often a disturbed turn is taken again within its round.
MAX_AGAIN = 2


@dataclass(slots=True, kw_only=True)
class CellSamples:
    """All that a cell's workers answered: the classes of the test split, and the runs.

    `images_per_s` is the highest throughput of an instance that is known, which the length of turns
    rests on; the test of accuracy was at `accuracy_made`.
    """

    name: str
    predictions: list[int]
    accuracy_log: str
    accuracy_made: str
    images_per_s: float
    load_seconds: float
    server: Server | None = None
    runs: dict[str, list[Run]] = field(
        default_factory=lambda: {scenario: [] for scenario in SCENARIOS}
    )


def classify_test_split(group: InstanceGroup, settings: Settings) -> CellSamples:
    """Let a group classify the test split, and return its samples, as yet without runs."""
    answer = group.classify(settings.batch_size)
    return CellSamples(
        name=group.name,
        predictions=answer.predictions,
        accuracy_log=group.accuracy_log,
        accuracy_made=now(),
        images_per_s=_typical_rate(answer, settings.batch_size),
        load_seconds=group.load_seconds,
    )


def _typical_rate(answer: LoadgenAnswer, batch_size: int) -> float:
    """Return the images per second of the median batch: what disturbed a few does not count."""
    return min(batch_size, len(answer.predictions)) / median(answer.seconds)


def mark_turns(samples: Sequence[CellSamples]) -> None:
    """Mark in the samples of cells that shared their rounds which turns count."""
    for scenario in SCENARIOS:
        runs = marked([cell.runs[scenario] for cell in samples])
        for cell, cell_runs in zip(samples, runs, strict=True):
            cell.runs[scenario] = cell_runs


class Turns:
    """The turns of some groups, whose runs are added to their `samples`.

    They are marked in those of all cells, `everything`, some of which may have had their rounds
    before. Offline each group runs batches of its own of the `batch_sizes`, if these are given.
    """

    def __init__(
        self,
        settings: Settings,
        groups: Sequence[InstanceGroup],
        samples: Sequence[CellSamples],
        everything: Sequence[CellSamples],
        batch_sizes: Sequence[int] = (),
    ) -> None:
        self.settings, self.samples = settings, samples
        self._groups, self._everything = groups, everything
        self._sizes = batch_sizes or [settings.batch_size] * len(groups)
        self._orders = {name: orders(len(groups), settings.seed) for name in SCENARIOS}
        # By scenario, how many rounds were taken, and how long the last one took.
        self.rounds = dict.fromkeys(SCENARIOS, 0)
        self._first = {name: _last_round(name, samples) + 1 for name in SCENARIOS}
        self.seconds = dict.fromkeys(SCENARIOS, 0.0)

    def take_round(self, scenario: str, *, may_repeat: Callable[[], bool]) -> None:
        """Let all groups take a turn; the disturbed again, while `may_repeat` says so."""
        began = time.monotonic()
        self.rounds[scenario] += 1
        order = next(self._orders[scenario])
        for index in order:
            self._take_turn(scenario, index, 0)
        for again in range(1, MAX_AGAIN + 1):
            disturbed = [index for index in order if self._was_disturbed(scenario, index)]
            # If most were, more turns at once would be disturbed as well.
            if 2 * len(disturbed) > len(order) or not may_repeat():
                break
            for index in disturbed:
                self._take_turn(scenario, index, again)
        mark_turns(self._everything)
        self.seconds[scenario] = time.monotonic() - began

    def _take_turn(self, scenario: str, index: int, again: int) -> None:
        images_per_s = self.samples[index].images_per_s
        own = replace(self.settings, batch_size=self._sizes[index])
        request = turn_request(own, scenario, images_per_s)
        lasting_s = expected_seconds(request, images_per_s)
        number = self._first[scenario] + self.rounds[scenario] - 1
        group, samples = self._groups[index], self.samples[index]
        run = group.run(request, number, lasting_s, again)
        samples.runs[scenario].append(run)
        if scenario == "offline":  # what was known may be of a machine that was busy
            rate = run.rate_per_s / len(run.instances)
            samples.images_per_s = max(samples.images_per_s, rate)

    def _was_disturbed(self, scenario: str, index: int) -> bool:
        return bool(self.samples[index].runs[scenario][-1].disturbed_by)


def _last_round(scenario: str, samples: Sequence[CellSamples]) -> int:
    """Return the number of the last round that any of these cells took part in, 0 if none did."""
    return max((run.round for cell in samples for run in cell.runs[scenario]), default=0)
