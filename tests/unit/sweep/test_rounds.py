"""When the rounds of a sweep end."""

from collections.abc import Callable
from typing import Any

import pytest

from stages.common.progress import Progress
from stages.profile.turns import CellSamples
from stages.settings import Settings
from stages.sweep.rounds import take_rounds
from tests.unit.records import run


class MadeUpTurns:
    """Turns whose points have made-up rates, of which the clock knows nothing."""

    def __init__(self, settings: Settings, rates: Callable[[int], float], seconds: float) -> None:
        self.settings, self._rates = settings, rates
        self.rounds, self.seconds = {"offline": 0}, {"offline": seconds}
        self.samples = [
            CellSamples(
                name="point",
                predictions=[],
                accuracy_log="",
                accuracy_made="",
                images_per_s=1.0,
                load_seconds=1.0,
            )
        ]

    def take_round(self, scenario: str, *, may_repeat: Callable[[], bool]) -> None:
        self.rounds[scenario] += 1
        number = self.rounds[scenario]
        self.samples[0].runs[scenario].append(run(self._rates(number), number))


def rounds_taken(
    settings: Settings, rates: Callable[[int], float], seconds: float, budget_s: float
) -> int:
    turns: Any = MadeUpTurns(settings, rates, seconds)
    take_rounds(turns, budget_s, Progress("sweep"))
    return int(turns.rounds["offline"])


@pytest.mark.parametrize(
    ("rates", "seconds", "budget_s"),
    [
        (lambda _: 10.0, 0.0, 60.0),  # known at once, though there was time for more
        (lambda _: 10.0, 1000.0, 1.0),  # fewer would have no interval worth its name
        (lambda number: 10.0 + number % 2 * 5, 1000.0, 60.0),  # no time for a sixth
    ],
)
def test_there_are_five_rounds_if_these_are_enough_or_the_time_is_spent(
    rates: Callable[[int], float], seconds: float, budget_s: float
) -> None:
    assert rounds_taken(Settings(), rates, seconds, budget_s) == 5


def test_rounds_go_on_while_a_point_is_not_known_and_there_is_time() -> None:
    def rates(number: int) -> float:
        return 100.0 if number > 4 else 10.0 * number

    assert 5 < rounds_taken(Settings(), rates, 0.0, 60.0) < 30


def test_a_number_of_rounds_that_is_asked_for_is_taken() -> None:
    assert rounds_taken(Settings(rounds=3), lambda number: 10.0 * number, 1000.0, 1.0) == 3
