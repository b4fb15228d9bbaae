"""What is wrong, in words that do not contradict the verdict."""

import pytest

from stages.common.reasons import disturbances_in_words, from_to, in_words
from stages.profile.validity import judge_repeat
from stages.records.base import Interval
from stages.records.cell import Reason, ReasonKind
from tests.unit.records import exactly


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [
        ("spread", 0.0503, "the median varies by 5.03%;"),
        ("spread", 1.503, "the median varies by 150.3%;"),
        ("drift", -0.0503, "drifted by -5.03% from"),
        ("waiting", 0.0204, "for other processes 2.04% of"),
        ("steal", 0.0204, "the hypervisor took 2.04% of"),
        ("overlap", 0.799, "ran together for 79.9% of the time"),
        ("clock_step", 0.0502, "the clock stepped by +0.0502 s;"),
        ("throttled", 1, "the cores throttled 1 time;"),
        ("quota", 1, "the CPU quota was used up in 1 period;"),
    ],
)
def test_an_amount_is_shown_apart_from_its_bound(
    kind: ReasonKind, amount: float, words: str
) -> None:
    assert words in in_words(Reason(kind=kind, scenario="offline", numbers={kind: amount}))


def test_what_disturbed_turns_once_is_said_of_one() -> None:
    assert disturbances_in_words({"throttled": 1, "quota": 1, "steal": 0.0201}) == (
        "the cores throttled up to 1 time; the CPU quota was used up in up to 1 period; "
        "the hypervisor took up to 2.01% of the cores' time"
    )


def test_a_ratio_that_is_not_that_of_a_cell_to_itself_does_not_read_as_if_it_were() -> None:
    found = Interval(estimate=1.0102, low=1.0003, high=1.0201)
    (said,) = judge_repeat(found, exactly(1.0), 10, same_classes=True)
    assert "1.010 times as fast as itself (1.0003 to 1.0201)" in in_words(said)


def test_a_remedy_follows_loadgens_words_without_their_full_stop() -> None:
    said = Reason(
        kind="loadgen",
        scenario="offline",
        numbers={"runs": 1.0, "of": 1.0},
        text="Need to process at least 11 queries for early stopping.",
    )
    assert "queries for early stopping; raise VGG19_ROUND_QUERIES" in in_words(said)


@pytest.mark.parametrize(
    ("most", "words"),
    [(1, "LoadGen, 1 of 10 runs: too short"), (3, "LoadGen, 1 to 3 of 10 runs: too short")],
)
def test_what_the_least_and_the_most_end_in_is_said_once(most: int, words: str) -> None:
    group = [
        (
            name,
            Reason(
                kind="loadgen",
                scenario="offline",
                numbers={"runs": float(runs), "of": 10.0},
                text="too short",
            ),
        )
        for name, runs in (("a", 1), ("b", most))
    ]
    assert words in from_to(group)
