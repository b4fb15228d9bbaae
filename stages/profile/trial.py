"""Which layout of instances is the fastest, tried on one cell before all are measured so."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from stages.measure.intervals import interval
from stages.profile.cells import Bench
from stages.profile.instances import Split, layout_of
from stages.profile.plan import PlannedCell
from stages.profile.rounds import Taken, classified, take_rounds
from stages.profile.team import Team
from stages.progress import Progress
from stages.records.profile import Layout, Run, Tried


def steps_of(candidates: Sequence[Split]) -> int:
    """Return how many steps of progress `best` takes."""
    return 1 if len(candidates) > 1 else 0


def best(
    bench: Bench, cell: PlannedCell, candidates: Sequence[Split], scratch: Path, show: Progress
) -> tuple[Split, list[Tried]]:
    """Return the split with the highest throughput, and all that were tried; one needs no trial."""
    if len(candidates) == 1:
        return candidates[0], []
    show.step(f"{len(candidates)} layouts of instances, {bench.settings.rounds} rounds")
    teams: list[Team] = []
    found: list[Taken] = []
    with ExitStack() as running:
        for split in candidates:
            name = f"{len(split)}x{len(split[0])}"
            teams.append(running.enter_context(bench.team(cell, name, split, scratch)))
            found.append(classified(teams[-1], bench.settings))
        take_rounds(bench.settings, "offline", teams, found, show)
    tried = [
        tried_of(layout_of(split), each.runs["offline"])
        for split, each in zip(candidates, found, strict=True)
    ]
    best_layout = fastest(tried)
    return next(each for each in candidates if layout_of(each) == best_layout), tried


def fastest(tried: Sequence[Tried]) -> Layout:
    """Return the layout with the highest throughput."""
    return max(tried, key=lambda each: each.throughput_images_per_s.estimate).layout


def tried_of(layout: Layout, runs: list[Run]) -> Tried:
    """Return what the runs of a layout gave."""
    return Tried(
        layout=layout,
        throughput_images_per_s=interval([run.rate_per_s for run in runs]),
        overlap=median(run.overlap for run in runs),
        runs=runs,
    )
