"""Rounds: every cell's instances are alive, and one cell at a time runs a test of LoadGen.

What disturbs the machine for longer than a turn then disturbs all cells alike. A worker that is
not asked waits for its next line of input, which costs nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from stages.common.progress import Progress
from stages.common.worker.interleave import orders
from stages.profile.cell_workers import CellWorkers
from stages.profile.instance_group import InstanceGroup
from stages.profile.layouts import Split
from stages.profile.loadgen_settings import load_of, seconds_of
from stages.profile.plan import PlannedCell
from stages.profile.server_scenario import highest_rate
from stages.records.cell import Server
from stages.records.measure import Run
from stages.settings import Settings

SCENARIOS = ("offline", "single_stream")


@dataclass(slots=True, kw_only=True)
class CellSamples:
    """All that a cell's workers answered: the classes of the test split, and the runs.

    `images_per_s` is the throughput of one instance alone, as an untimed test shows it.
    """

    name: str
    predictions: list[int]
    accuracy_log: str
    images_per_s: float
    load_seconds: float
    server: Server | None = None
    runs: dict[str, list[Run]] = field(
        default_factory=lambda: {scenario: [] for scenario in SCENARIOS}
    )


def take(
    workers: CellWorkers,
    cells: Sequence[PlannedCell],
    split: Split,
    scratch: Path,
    progress: Progress,
) -> list[CellSamples]:
    """Let each of `cells` classify the test split, then all take turns in each scenario.

    A cell may come a second time. Raises WorkerError if a worker dies, hangs or answers what
    can't be read.
    """
    settings = workers.settings
    with ExitStack() as running:
        # Loading in parallel makes each slower, and all of them together faster.
        groups = [
            running.enter_context(workers.group(cell, name, split, scratch))
            for cell, name in zip(cells, names_of(cells), strict=True)
        ]
        found: list[CellSamples] = []
        for cell, group in zip(cells, groups, strict=True):
            progress.step(_top1_step(cell))
            found.append(classified(group, settings))
        for scenario in SCENARIOS:
            progress.step(_rounds_step(settings, scenario))
            take_rounds(settings, scenario, groups, found, progress)
        if settings.server_latency_ms:
            for group, samples in zip(groups, found, strict=True):
                progress.step(_server_step(group.name))
                rate = median(run.rate_per_s for run in samples.runs["offline"])
                samples.server = highest_rate(group, len(samples.predictions), rate, settings)
    return found


def steps(settings: Settings, cells: Sequence[PlannedCell]) -> list[str]:
    """Return the steps of progress that `take` makes."""
    served = names_of(cells) if settings.server_latency_ms else []
    return [
        *map(_top1_step, cells),
        *(_rounds_step(settings, scenario) for scenario in SCENARIOS),
        *map(_server_step, served),
    ]


def _top1_step(cell: PlannedCell) -> str:
    return f"top-1 of {cell.precision} capped at {cell.isa}"


def _rounds_step(settings: Settings, scenario: str) -> str:
    return f"{settings.rounds} rounds {scenario.replace('_', '-')}"


def _server_step(name: str) -> str:
    return f"server, {name}"


def names_of(cells: Sequence[PlannedCell]) -> list[str]:
    """Return a name for each of `cells`; one that comes a second time gets another name."""
    names: list[str] = []
    for cell in cells:
        names.append(f"{cell.name}.again" if cell.name in names else cell.name)
    return names


def classified(group: InstanceGroup, settings: Settings) -> CellSamples:
    """Let a group classify the test split."""
    answer, log = group.classify(settings.batch_size)
    return CellSamples(
        name=group.name,
        predictions=answer.predictions,
        accuracy_log=log,
        images_per_s=len(answer.predictions) / sum(answer.seconds),
        load_seconds=group.load_seconds,
    )


def take_rounds(
    settings: Settings,
    scenario: str,
    groups: Sequence[InstanceGroup],
    found: Sequence[CellSamples],
    progress: Progress,
) -> None:
    """Let the groups take turns, and add each one's runs to its samples."""
    rounds = orders(len(groups), settings.rounds, settings.seed)
    for number, order in enumerate(rounds, start=1):
        for done, index in enumerate(order, start=1):
            expected = found[index].images_per_s
            request = load_of(settings, scenario, expected)
            run = groups[index].run(request, number, seconds_of(request, expected))
            found[index].runs[scenario].append(run)
            progress.update((number - 1) * len(order) + done, len(rounds) * len(order))
