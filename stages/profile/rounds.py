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
from stages.profile.layouts import Placement
from stages.profile.loadgen_settings import expected_seconds, turn_request
from stages.profile.plan import PlannedCell
from stages.profile.server_scenario import highest_rate
from stages.records.cell import Server
from stages.records.measure import Run
from stages.settings import Settings

# The scenarios in which cells take turns; the server scenario comes after them, cell by cell.
SCENARIOS = ("offline", "single_stream")


@dataclass(slots=True, kw_only=True)
class CellSamples:
    """All that a cell's workers answered: the classes of the test split, and the runs.

    `images_per_s` is the throughput of one instance alone, in the untimed test of accuracy.
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


def measure_cells(
    workers: CellWorkers,
    cells: Sequence[PlannedCell],
    placement: Placement,
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
            running.enter_context(workers.group(cell, name, placement, scratch))
            for cell, name in zip(cells, names_of(cells), strict=True)
        ]
        samples: list[CellSamples] = []
        for cell, group in zip(cells, groups, strict=True):
            progress.step(_top1_step(cell))
            samples.append(classify_test_split(group, settings))
        for scenario in SCENARIOS:
            progress.step(_rounds_step(settings, scenario))
            run_rounds(settings, scenario, groups, samples, progress)
        if settings.server_latency_ms:
            _serve_all(settings, groups, samples, progress)
    return samples


def steps(settings: Settings, cells: Sequence[PlannedCell]) -> list[str]:
    """Return the steps of progress that `measure_cells` makes."""
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


def classify_test_split(group: InstanceGroup, settings: Settings) -> CellSamples:
    """Let a group classify the test split, and return its samples, as yet without runs."""
    answer, log = group.classify(settings.batch_size)
    return CellSamples(
        name=group.name,
        predictions=answer.predictions,
        accuracy_log=log,
        images_per_s=len(answer.predictions) / sum(answer.seconds),
        load_seconds=group.load_seconds,
    )


def run_rounds(
    settings: Settings,
    scenario: str,
    groups: Sequence[InstanceGroup],
    samples: Sequence[CellSamples],
    progress: Progress,
) -> None:
    """Let the groups take turns, and add the runs of each to its samples."""
    rounds = orders(len(groups), settings.rounds, settings.seed)
    for number, order in enumerate(rounds, start=1):
        for done, index in enumerate(order, start=1):
            images_per_s = samples[index].images_per_s
            request = turn_request(settings, scenario, images_per_s)
            run = groups[index].run(request, number, expected_seconds(request, images_per_s))
            samples[index].runs[scenario].append(run)
            progress.update((number - 1) * len(order) + done, len(rounds) * len(order))


def _serve_all(
    settings: Settings,
    groups: Sequence[InstanceGroup],
    samples: Sequence[CellSamples],
    progress: Progress,
) -> None:
    """Let one group after the other run the server scenario, and add the result to its samples."""
    for group, cell_samples in zip(groups, samples, strict=True):
        progress.step(_server_step(group.name))
        images = len(cell_samples.predictions)
        offline_rate = median(run.rate_per_s for run in cell_samples.runs["offline"])
        cell_samples.server = highest_rate(group, images, offline_rate, settings)
