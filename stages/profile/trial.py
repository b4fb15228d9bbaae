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
from stages.records.profile import Tried


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
    tried = [_tried(split, each) for split, each in zip(candidates, found, strict=True)]
    rates = [each.throughput_images_per_s.estimate for each in tried]
    return candidates[rates.index(max(rates))], tried


def _tried(split: Split, taken: Taken) -> Tried:
    runs = taken.runs["offline"]
    return Tried(
        layout=layout_of(split),
        throughput_images_per_s=interval([run.rate_per_s for run in runs]),
        overlap=median(run.overlap for run in runs),
    )
