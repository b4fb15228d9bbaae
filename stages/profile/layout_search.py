"""Which layout of instances is the fastest, tried on one cell before all are measured so."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from stages.common.progress import Progress
from stages.common.stats import interval
from stages.profile.cell_workers import CellWorkers
from stages.profile.instance_group import InstanceGroup
from stages.profile.layouts import Split, layout_of
from stages.profile.plan import PlannedCell
from stages.profile.rounds import CellSamples, classified, take_rounds
from stages.records.measure import Run
from stages.records.profile import Layout, LayoutTrial
from stages.settings import Settings


def steps(settings: Settings, candidates: Sequence[Split]) -> list[str]:
    """Return the steps of progress that `best` makes."""
    if len(candidates) == 1:
        return []
    return [f"{len(candidates)} layouts of instances, {settings.rounds} rounds"]


def best(
    workers: CellWorkers,
    cell: PlannedCell,
    candidates: Sequence[Split],
    scratch: Path,
    progress: Progress,
) -> tuple[Split, list[LayoutTrial]]:
    """Return the split with the highest throughput, and all trials; one split needs no trial."""
    if len(candidates) == 1:
        return candidates[0], []
    (step,) = steps(workers.settings, candidates)
    progress.step(step)
    groups: list[InstanceGroup] = []
    found: list[CellSamples] = []
    with ExitStack() as running:
        for split in candidates:
            name = f"{len(split)}x{len(split[0])}"
            groups.append(running.enter_context(workers.group(cell, name, split, scratch)))
            found.append(classified(groups[-1], workers.settings))
        take_rounds(workers.settings, "offline", groups, found, progress)
    trials = [
        trial_of(layout_of(split), samples.runs["offline"])
        for split, samples in zip(candidates, found, strict=True)
    ]
    best_layout = fastest(trials)
    return next(split for split in candidates if layout_of(split) == best_layout), trials


def fastest(trials: Sequence[LayoutTrial]) -> Layout:
    """Return the layout with the highest throughput."""
    return max(trials, key=lambda trial: trial.throughput_images_per_s.estimate).layout


def trial_of(layout: Layout, runs: list[Run]) -> LayoutTrial:
    """Return what the runs of a layout gave."""
    return LayoutTrial(
        layout=layout,
        throughput_images_per_s=interval([run.rate_per_s for run in runs]),
        overlap=median(run.overlap for run in runs),
        runs=runs,
    )
