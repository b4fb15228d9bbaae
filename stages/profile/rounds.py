"""Rounds: every cell's instances are alive, and one cell at a time runs a test of LoadGen.

What disturbs the machine for longer than a turn then disturbs all cells alike. A worker that is
not asked waits for its next line of input, which costs nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from stages.measure.turns import orders
from stages.profile.cells import Bench
from stages.profile.instances import Split
from stages.profile.peak import peak
from stages.profile.plan import PlannedCell
from stages.profile.rules import load_of, seconds_of
from stages.profile.team import Team
from stages.progress import Progress
from stages.records.profile import Run, Server
from stages.settings import Settings

SCENARIOS = ("offline", "single_stream")


@dataclass(slots=True, kw_only=True)
class Taken:
    """All that a cell's workers answered: the classes of the test split, and the runs.

    `images_per_s` is the throughput of one instance alone, as far as an untimed test tells it.
    """

    name: str
    predictions: list[int]
    accuracy_log: str
    images_per_s: float
    load_seconds: float
    server: Server | None = None
    runs: dict[str, list[Run]] = field(default_factory=lambda: {each: [] for each in SCENARIOS})


def take(
    bench: Bench,
    cells: Sequence[PlannedCell],
    split: Split,
    scratch: Path,
    show: Progress,
) -> list[Taken]:
    """Let each of `cells` classify the test split, then all take turns in each scenario.

    A cell may come a second time. Raises WorkerError where a worker dies, hangs or answers what
    can't be read.
    """
    with ExitStack() as running:
        names = names_of(cells)
        # All load at the same time, which takes them longer and all of them less.
        teams = [
            running.enter_context(bench.team(cell, name, split, scratch))
            for cell, name in zip(cells, names, strict=True)
        ]
        found: list[Taken] = []
        for cell, team in zip(cells, teams, strict=True):
            show.step(f"top-1 of {cell.precision} capped at {cell.isa}")
            found.append(classified(team, bench.settings))
        for scenario in SCENARIOS:
            show.step(f"{bench.settings.rounds} rounds {scenario.replace('_', '-')}")
            take_rounds(bench.settings, scenario, teams, found, show)
        if bench.settings.server_latency_ms:
            for team, each in zip(teams, found, strict=True):
                show.step(f"server, {team.name}")
                rate = median(run.rate_per_s for run in each.runs["offline"])
                each.server = peak(team, len(each.predictions), rate, bench.settings)
    return found


def steps_of_rounds(settings: Settings, cells: int) -> int:
    """Return how many steps of progress `take` takes for so many cells."""
    served = cells if settings.server_latency_ms else 0
    return cells + len(SCENARIOS) + served


def names_of(cells: Sequence[PlannedCell]) -> list[str]:
    """Return a name for each of `cells`, where one comes a second time another than its own."""
    names: list[str] = []
    for cell in cells:
        names.append(f"{cell.name}.again" if cell.name in names else cell.name)
    return names


def classified(team: Team, settings: Settings) -> Taken:
    """Let a team classify the test split."""
    answer, log = team.classify(settings.batch_size)
    return Taken(
        name=team.name,
        predictions=answer.predictions,
        accuracy_log=log,
        images_per_s=len(answer.predictions) / sum(answer.seconds),
        load_seconds=team.load_seconds,
    )


def take_rounds(
    settings: Settings,
    scenario: str,
    teams: Sequence[Team],
    found: Sequence[Taken],
    show: Progress,
) -> None:
    """Let the teams take turns, and add each one's runs to what was found of it."""
    rounds = orders(len(teams), settings.rounds, settings.seed)
    for number, order in enumerate(rounds, start=1):
        for done, at in enumerate(order, start=1):
            expected = found[at].images_per_s
            asked = load_of(settings, scenario, expected)
            run = teams[at].run(asked, number, seconds_of(asked, expected))
            found[at].runs[scenario].append(run)
            show.update((number - 1) * len(order) + done, len(rounds) * len(order))
