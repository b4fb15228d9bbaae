"""All that is measured of the cells, group by group: those whose workers are alive at a time."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from stages.common.pairs import Pair
from stages.common.progress import Progress
from stages.profile import across_groups
from stages.profile.cell_workers import CellWorkers
from stages.profile.instance_group import InstanceGroup
from stages.profile.known import KnownCells
from stages.profile.layouts import Placement
from stages.profile.loadgen_settings import has_fixed_rounds, rounds_in_words
from stages.profile.memory_plan import MemoryPlan
from stages.profile.plan import PlannedCell, cell_to_repeat
from stages.profile.server_scenario import highest_rate
from stages.profile.turns import CellSamples, Turns, classify_test_split
from stages.profile.until_sure import take_rounds
from stages.records.measure import counting
from stages.settings import Settings


def measure_groups(
    workers: CellWorkers,
    plan: MemoryPlan,
    placement: Placement,
    known: KnownCells,
    earlier: Mapping[str, CellSamples],
    pairs: Sequence[Pair],
    scratch: Path,
    progress: Progress,
) -> tuple[dict[PlannedCell, CellSamples], CellSamples]:
    """Return the samples of each cell, and those of the second time of the one measured twice.

    That one is in every group. What cells answer is not asked again where it is `known`; new turns
    follow those of the `earlier` samples, by the groups' names. `pairs` are the cells whose ratios
    are to be known. Raises WorkerError if a worker dies, hangs or answers what can't be read.
    """
    timed = list(dict.fromkeys(cell for group in plan.groups for cell in group))
    repeated = cell_to_repeat(timed)
    again = names_of([repeated] * 2)[1]
    everything = {**earlier}
    progress.drop(_top1_steps([*timed, repeated], earlier))
    left_s, left_cells = workers.settings.time_budget, sum(len(it) + 1 for it in plan.groups)
    for group in plan.groups:
        cells = [*group, repeated]
        # What one group leaves of its part of the time, the next ones have.
        budget_s = max(0.0, left_s) * (len(cells) / left_cells)
        waiting = not plan.at_once
        with ExitStack() as running:
            # Loading in parallel makes each slower, and all of them together faster.
            groups = [
                running.enter_context(
                    workers.group(cell, name, placement, scratch, waiting=waiting)
                )
                for cell, name in zip(cells, names_of(cells), strict=True)
            ]
            for cell, instances in zip(cells, groups, strict=True):
                if instances.name not in everything:
                    samples = _answer(workers.settings, cell, instances, known, progress)
                    everything[instances.name] = samples
            spare_s = _measure(
                workers.settings, cells, groups, everything, pairs, budget_s, progress
            )
        left_s, left_cells = left_s - budget_s + spare_s, left_cells - len(cells)
    found, second = {cell: everything[cell.name] for cell in timed}, everything[again]
    if len(plan.groups) > 1 and not has_fixed_rounds(workers.settings):
        goal = workers.settings.precision_goal
        progress.note(across_groups.outcome(found, repeated, second, pairs, goal))
    return found, second


def _answer(
    settings: Settings,
    cell: PlannedCell,
    group: InstanceGroup,
    known: KnownCells,
    progress: Progress,
) -> CellSamples:
    """Return the samples of a group, as yet without runs: its answers are known, or asked for."""
    log, step = group.loadgen_logs / group.accuracy_log, _top1_step(cell, group.name)
    if record := known.classes(cell, group.name, log):
        progress.drop([step])
        return CellSamples(
            name=group.name,
            predictions=record.predictions,
            accuracy_log=group.accuracy_log,
            accuracy_made=record.maker.made,
            images_per_s=group.rate(settings.batch_size),
            load_seconds=group.load_seconds,
        )
    progress.step(step)
    samples = classify_test_split(group, settings)
    known.keep_classes(cell, samples, log)
    return samples


def _measure(
    settings: Settings,
    cells: Sequence[PlannedCell],
    groups: Sequence[InstanceGroup],
    everything: Mapping[str, CellSamples],
    pairs: Sequence[Pair],
    budget_s: float,
    progress: Progress,
) -> float:
    """Let all groups take turns, and add them to their samples in `everything`.

    Return the seconds of `budget_s` that the rounds left, negative if they took more.
    """
    samples = [everything[group.name] for group in groups]
    turns = Turns(settings, groups, samples, [*everything.values()])
    progress.step(_rounds_step(settings))
    for group in groups:  # one with samples of before was asked nothing, and may still load
        group.wait()
    spare_s = take_rounds(turns, cells, pairs, budget_s, progress)
    if settings.server_latency_ms:
        _serve_all(settings, groups, samples, progress)
    return spare_s


def steps(settings: Settings, groups: Sequence[Sequence[PlannedCell]]) -> list[str]:
    """Return the steps of progress that `measure_groups` makes."""
    timed = list(dict.fromkeys(cell for group in groups for cell in group))
    cells = [*timed, cell_to_repeat(timed)]
    served = names_of(cells) if settings.server_latency_ms else []
    rounds = [_rounds_step(settings)] * len(groups)
    return [*map(_top1_step, cells, names_of(cells)), *rounds, *map(_server_step, served)]


def _top1_steps(cells: Sequence[PlannedCell], answered: Container[str]) -> Iterator[str]:
    """Yield the steps of cells whose groups' names are among those that have `answered`."""
    for cell, name in zip(cells, names_of(cells), strict=True):
        if name in answered:
            yield _top1_step(cell, name)


def _top1_step(cell: PlannedCell, name: str) -> str:
    again = "" if name == cell.name else ", measured twice"
    return f"top-1 of {cell.precision} capped at {cell.isa}{again}"


def _rounds_step(settings: Settings) -> str:
    return rounds_in_words(settings) if has_fixed_rounds(settings) else "rounds until sure"


def _server_step(name: str) -> str:
    return f"server, {name}"


def names_of(cells: Sequence[PlannedCell]) -> list[str]:
    """Return a name for each of `cells`; one that comes a second time gets another name."""
    names: list[str] = []
    for cell in cells:
        names.append(f"{cell.name}.again" if cell.name in names else cell.name)
    return names


def _serve_all(
    settings: Settings,
    groups: Sequence[InstanceGroup],
    samples: Sequence[CellSamples],
    progress: Progress,
) -> None:
    """Let one group after the other run the server scenario, and add the result to its samples."""
    for group, cell_samples in zip(groups, samples, strict=True):
        if cell_samples.server:  # in a group before
            continue
        progress.step(_server_step(group.name))
        images = len(cell_samples.predictions)
        offline_rate = median(run.rate_per_s for run in counting(cell_samples.runs["offline"]))
        cell_samples.server = highest_rate(group, images, offline_rate, settings)
