"""A profile from which rounds were taken away is refused by whoever reads it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from stages.records.base import Provenance
from stages.records.cell import Measurement
from stages.records.checks import problems
from stages.records.profile import Layout, LayoutTrial, ProfileRecord
from tests.unit import records

ALL = range(1, 7)
MISSING = "rounds of a cell are missing"
MISSING_TWICE = "rounds of the cell that was measured twice are missing"


def of_rounds(numbers: Iterable[int], scenario: str) -> Measurement:
    """Return a measurement that took part in some rounds of a scenario, or of `both`."""
    made = records.measurement(4.0)
    runs = [records.run(4.0, number) for number in numbers]
    if scenario != "single_stream":
        made = replace(made, offline=replace(made.offline, runs=runs))
    if scenario != "offline":
        made = replace(made, single_stream=replace(made.single_stream, runs=runs))
    return made


def profile(
    *others: Iterable[int],
    twice: Iterable[int] = ALL,
    rounds: int = 0,
    added_to: int = 0,
    scenario: str = "both",
) -> ProfileRecord:
    """Return a profile of one cell for each of `others`, and of the one that is in all rounds."""
    twice = [*twice]
    cells = [records.measured("int8", "AVX2", 4.0)]
    cells += [
        records.measured("fp32", isa, 4.0)
        for isa, _ in zip(("AVX2", "AVX512_CORE", "AVX512_CORE_BF16"), others, strict=False)
    ]
    figures = [of_rounds(numbers, scenario) for numbers in (twice, *others)]
    return replace(
        records.profile(
            *(replace(cell, measurement=it) for cell, it in zip(cells, figures, strict=True))
        ),
        repeat=records.repeat(measurement=of_rounds(twice, scenario)),
        maker=Provenance(settings={"rounds": rounds}),
        added_to=["2026-11-26T17:24:05Z"] * added_to,
    )


@pytest.mark.parametrize(
    "whole",
    [
        profile(ALL),
        profile(),
        profile(ALL, ALL, rounds=6),
        profile([1, 2, 3], [4, 5, 6], [1, 2, 3], rounds=3),
        profile([1, 2], [3, 4, 5, 6]),
        profile([1, 2, 5, 6], [3, 4], rounds=2, added_to=1),
        profile(ALL, [1, 2, 3], rounds=3, added_to=1),
    ],
)
def test_one_with_all_its_rounds_is_read(whole: ProfileRecord) -> None:
    assert [*problems(whole)] == []


@pytest.mark.parametrize("scenario", ["offline", "single_stream"])
@pytest.mark.parametrize(
    ("others", "changes", "words"),
    [
        ([[3, 4, 5, 6]], {"twice": [3, 4, 5, 6]}, MISSING_TWICE),
        ([[1, 2, 4]], {"twice": [1, 2, 4]}, MISSING_TWICE),
        ([[1, 2, 4, 5, 6]], {}, MISSING),
        ([[1, 2, 3], [5, 6]], {}, MISSING),
        ([[1, 2, 3], [3, 4, 5, 6]], {}, MISSING),
        ([[1, 2, 3, 4]], {}, MISSING),
        ([[1, 2, 3, 4, 5, 6]], {"rounds": 9}, "fewer than the 9 rounds that were asked for"),
        ([[1, 2, 3], [4, 5, 6]], {"rounds": 6}, "fewer than the 6 rounds that were asked for"),
        ([], {"rounds": 9}, "fewer than the 9 rounds that were asked for"),
        ([[1, 3, 5], [2, 4, 6]], {"added_to": 1}, MISSING),
        ([[1, 2, 3, 4, 5, 6]], {"rounds": 9, "added_to": 1}, "fewer than the 9 rounds"),
    ],
)
def test_one_that_lacks_rounds_is_refused(
    others: list[list[int]], changes: dict[str, int], words: str, scenario: str
) -> None:
    found = [*problems(profile(*others, scenario=scenario, **changes))]  # type: ignore[arg-type]
    assert any(problem.startswith(f"{scenario}: ") and words in problem for problem in found)


def test_a_layout_that_lacks_rounds_is_refused() -> None:
    layout = Layout(num_instances=1, cores_per_instance=2)
    ratio = records.exactly(4.0)
    trials = [
        LayoutTrial(
            layout=layout,
            throughput_images_per_s=ratio,
            overlap=1.0,
            runs=[records.run(4.0, number) for number in numbers],
        )
        for numbers in ((1, 2, 3), (1, 3))
    ]
    whole, lacking = (replace(profile(ALL), tried=tried) for tried in (trials[:1] * 2, trials))
    assert [*problems(whole)] == []
    assert "rounds of a layout that was tried are missing" in next(problems(lacking))
