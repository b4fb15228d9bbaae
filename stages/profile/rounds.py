"""Rounds: every cell's worker is alive, and one at a time runs a test of LoadGen.

What disturbs the machine for longer than a turn then disturbs all cells alike. A worker that is
not asked waits for its next line of input, which costs nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stages.measure.interference import look
from stages.measure.protocol import Load, LoadAnswer, Ready
from stages.measure.turns import Asked, orders
from stages.profile.cells import Bench
from stages.profile.plan import PlannedCell
from stages.profile.rules import load_of, seconds_of
from stages.progress import Progress
from stages.records.profile import Run

SCENARIOS = ("offline", "single_stream")


class Holder(Asked, Protocol):
    """A worker that holds its cell; `ready` was its first answer."""

    ready: Ready


@dataclass(slots=True, kw_only=True)
class Taken:
    """All that a cell's worker answered: the classes of the test split, and the runs."""

    name: str
    predictions: list[int]
    accuracy_log: str
    throughput_images_per_s: float
    load_seconds: float
    runs: dict[str, list[Run]] = field(default_factory=lambda: {each: [] for each in SCENARIOS})


def names_of(cells: Sequence[PlannedCell]) -> list[str]:
    """Return a name for each of `cells`, where one comes a second time another than its own."""
    names: list[str] = []
    for cell in cells:
        names.append(f"{cell.name}.again" if cell.name in names else cell.name)
    return names


def take(bench: Bench, cells: Sequence[PlannedCell], scratch: Path, show: Progress) -> list[Taken]:
    """Let each of `cells` classify the test split, then all take turns in each scenario.

    Raises WorkerError where a worker dies, hangs or answers what can't be read.
    """
    with ExitStack() as running:
        workers: list[Holder] = []
        found: list[Taken] = []
        for cell, name in zip(cells, names_of(cells), strict=True):
            show.step(f"top-1 of {cell.precision} capped at {cell.isa}")
            workers.append(running.enter_context(bench.worker(cell, scratch / f"{name}.log")))
            found.append(_classified(bench, workers[-1], name))
        for scenario in SCENARIOS:
            show.step(f"{bench.settings.rounds} rounds {scenario.replace('_', '-')}")
            _rounds(bench, scenario, workers, found, show)
    return found


def _classified(bench: Bench, worker: Holder, name: str) -> Taken:
    size, log = bench.settings.batch_size, Path(name, "accuracy")
    asked = Load(scenario="offline", folder=str(bench.loads / log), batch_size=size, accuracy=True)
    answer: LoadAnswer = worker.ask(asked, LoadAnswer)
    return Taken(
        name=name,
        predictions=answer.predictions,
        accuracy_log=str(log),
        throughput_images_per_s=len(answer.predictions) / sum(answer.seconds),
        load_seconds=worker.ready.load_seconds,
    )


def _rounds(
    bench: Bench,
    scenario: str,
    workers: Sequence[Holder],
    found: Sequence[Taken],
    show: Progress,
) -> None:
    rounds = orders(len(workers), bench.settings.rounds, bench.settings.seed)
    for number, order in enumerate(rounds):
        for done, at in enumerate(order, start=1):
            run = _run(bench, scenario, workers[at], found[at], number)
            found[at].runs[scenario].append(run)
            show.update(number * len(order) + done, len(rounds) * len(order))


def _run(bench: Bench, scenario: str, worker: Holder, taken: Taken, number: int) -> Run:
    log = Path(taken.name, f"{scenario}-{number + 1}")
    expected = taken.throughput_images_per_s
    asked = load_of(bench.settings, scenario, expected, bench.loads / log)
    before = look(bench.cores)
    answer: LoadAnswer = worker.ask(asked, LoadAnswer, seconds_of(asked, expected))
    between = before.until(look(bench.cores))
    return Run(
        round=number + 1,
        valid=answer.valid,
        reasons=answer.reasons,
        rate_per_s=answer.rate_per_s,
        seconds=answer.seconds,
        steal=between.steal,
        throttle_events=between.throttle_events,
        clock_step_s=between.clock_step_s,
        log=str(log),
    )
