"""What is said of all groups of cells, when each had its rounds."""

from collections.abc import Callable

from stages.profile.across_groups import outcome
from stages.profile.plan import PlannedCell
from stages.profile.turns import SCENARIOS, CellSamples
from tests.unit.records import run

INT8, FP32, BF16 = (PlannedCell(name, "AVX2", None) for name in ("int8", "fp32", "bf16"))
PAIRS = [(("bf16", "AVX2"), ("fp32", "AVX2")), (("int8", "AVX2"), ("fp32", "AVX2"))]
FIRST, SECOND = range(1, 9), range(9, 17)


def samples(rate: Callable[[int], float], rounds: list[int]) -> CellSamples:
    return CellSamples(
        name="",
        predictions=[0],
        accuracy_log="log",
        accuracy_made="",
        images_per_s=1.0,
        load_seconds=1.0,
        runs={name: [run(rate(number), number) for number in rounds] for name in SCENARIOS},
    )


def said(bf16: Callable[[int], float]) -> str:
    """Return what is said of INT8, which is in both groups, FP32 of the first, BF16 of the second.

    BF16 has the rates that a function of the round gives.
    """
    twice = samples(lambda _: 20.0, [*FIRST, *SECOND])
    return of_all(bf16, twice, twice)


def of_all(bf16: Callable[[int], float], first: CellSamples, twice: CellSamples) -> str:
    cells = {
        INT8: first,
        FP32: samples(lambda _: 5.0, [*FIRST]),
        BF16: samples(bf16, [*SECOND]),
    }
    return outcome(cells, INT8, twice, PAIRS, 0.02)


def test_all_is_known_if_the_ratios_across_groups_are() -> None:
    known = "all groups together: all figures are known closely enough, and all ratios"
    assert said(lambda _: 8.0) == known


def test_the_ratios_that_are_not_known_are_named_and_how_to_go_on() -> None:
    text = said(lambda number: 8.0 + 0.5 * (number % 2))
    assert text.startswith("all groups together: offline not known closely enough; not to ±2%: ")
    assert "bf16 AVX2 over fp32 AVX2 ±3" in text
    assert "int8" not in text
    assert text.endswith("; --more adds rounds")


def test_a_cell_that_differs_from_itself_is_named_as_such() -> None:
    first = samples(lambda _: 20.0, [*FIRST, *SECOND])
    again = samples(lambda _: 20.8, [*FIRST, *SECOND])
    text = of_all(lambda _: 8.0, first, again)
    assert text.endswith(": the cell measured twice is not as fast as itself offline")
