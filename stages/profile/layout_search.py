"""The search for the fastest layout: one cell is tried in each, then all are measured in it."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from stages.common.progress import Progress
from stages.common.stats import interval, round_figures
from stages.profile.cell_workers import CellWorkers
from stages.profile.instance_group import InstanceGroup
from stages.profile.layouts import Placement, layout_of
from stages.profile.loadgen_settings import rounds_in_words
from stages.profile.plan import PlannedCell
from stages.profile.turns import CellSamples, Turns, classify_test_split
from stages.records.measure import Run, counting
from stages.records.profile import Layout, LayoutTrial
from stages.settings import Settings


def steps(settings: Settings, candidates: Sequence[Placement]) -> list[str]:
    """Return the steps of progress that `find_best` makes."""
    if len(candidates) == 1:
        return []
    return [f"{len(candidates)} layouts of instances, {rounds_in_words(settings)}"]


def find_best(
    workers: CellWorkers,
    cell: PlannedCell,
    candidates: Sequence[Placement],
    scratch: Path,
    progress: Progress,
) -> tuple[Placement, list[LayoutTrial]]:
    """Return the placement with the highest throughput, and all trials; a single one needs none.

    Logs that nobody needs afterwards go to `scratch`.
    """
    if len(candidates) == 1:
        return candidates[0], []
    (step,) = steps(workers.settings, candidates)
    progress.step(step)
    trials = _try_all(workers, cell, candidates, scratch, progress)
    best = fastest(trials)
    return next(placement for placement in candidates if layout_of(placement) == best), trials


def _try_all(
    workers: CellWorkers,
    cell: PlannedCell,
    candidates: Sequence[Placement],
    scratch: Path,
    progress: Progress,
) -> list[LayoutTrial]:
    """Let a group of instances in each placement take turns, and return what each gave."""
    groups: list[InstanceGroup] = []
    samples: list[CellSamples] = []
    rounds = workers.settings.fixed_rounds
    with ExitStack() as running:
        for placement in candidates:
            name = f"{len(placement)}x{len(placement[0])}"
            groups.append(
                running.enter_context(workers.group(cell, name, placement, scratch, waiting=False))
            )
            samples.append(classify_test_split(groups[-1], workers.settings))
        turns = Turns(workers.settings, groups, samples, samples)
        progress.begin_parts()
        for number in range(rounds):
            turns.take_round("offline", may_repeat=lambda: False)
            progress.update(number + 1, rounds)
    return [
        trial_of(layout_of(placement), cell_samples.runs["offline"])
        for placement, cell_samples in zip(candidates, samples, strict=True)
    ]


def fastest(trials: Sequence[LayoutTrial]) -> Layout:
    """Return the layout with the highest throughput."""
    return max(trials, key=lambda trial: trial.throughput_images_per_s.estimate).layout


def trial_of(layout: Layout, runs: list[Run]) -> LayoutTrial:
    """Return the record of a trial from its offline runs."""
    return LayoutTrial(
        layout=layout,
        throughput_images_per_s=interval(round_figures("offline", runs)),
        overlap=median(run.overlap for run in counting(runs)),
        runs=runs,
    )
