"""What a million images cost, and which machine is the cheapest."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stages.errors import SettingsError
from stages.machines.costs import Bounds, BreakEven, latency_of, percentile_of, read_bounds
from stages.machines.machine import CellFigures
from stages.machines.prices import read_prices
from stages.records.base import Interval
from tests.unit.machines import parts
from tests.unit.machines.parts import RATES, cell, entries, figures, measure, shown

SLOW, FAST = RATES, [2 * rate for rate in RATES]
AMX = "AVX512_CORE_AMX"


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two machines, of which the second is twice as fast; INT8 loses a tenth on it."""
    small = [cell("fp32", "AVX2", *SLOW), cell("int8", "AVX2", *FAST)]
    large = [cell("fp32", "AVX2", *FAST), cell("int8", "AVX2", *(4 * r for r in RATES), top1=0.9)]
    paths = [measure(tmp_path / "a", *small), measure(tmp_path / "b", *large)]
    return [f"{name}={path}" for name, path in zip(("small", "large"), paths, strict=True)]


def prices(tmp_path: Path, small: float = 0.36, large: float = 0.36) -> str:
    return parts.prices(tmp_path, ("small", "large"), small, large)


def break_even(text: str) -> str:
    """Return what is said of the price at which both cost the same."""
    block = next(block for block in text.split("\n\n") if block.startswith("large against small"))
    return " ".join(block.split())


def cheapest(text: str) -> list[str]:
    """Return what is said of each machine's cheapest cell, the cheapest machine first."""
    block = next(block for block in text.split("\n\n") if "the cheapest cell" in block)
    said: list[str] = []
    for line in block.splitlines()[1:]:
        begins = not line.startswith(" ")
        said = [*said, line] if begins else [*said[:-1], f"{said[-1]} {line}"]
    return [" ".join(one.split()) for one in said]


def test_a_million_images_cost_the_hours_that_they_take(folders: list[str], tmp_path: Path) -> None:
    text = shown(*folders, prices=prices(tmp_path))
    costs = text[text.rindex("isa cap, precision") :]
    assert costs.splitlines()[0].endswith("  USD a million")
    # At 10 images/s it takes 27.8 hours: 10 dollars.
    assert figures(costs, "AVX2 fp32", "small") == ["10.00", "(9.80-10.20)"]
    assert figures(costs, "AVX2 int8", "large")[0] == "2.50"


def test_what_costs_little_has_three_digits(tmp_path: Path) -> None:
    fast = measure(tmp_path / "fast", cell("int8", "AVX2", *(1000 * rate for rate in RATES)))
    text = shown(f"small={fast}", prices=prices(tmp_path, 0.234))
    assert cheapest(text)[0].startswith("small 0.00650 (0.00637-0.00663) USD a million: ")


def test_the_cheapest_of_each_machine_comes_first(folders: list[str], tmp_path: Path) -> None:
    large, small = cheapest(shown(*folders, prices=prices(tmp_path)))
    assert large.startswith("large 2.50 (2.45-2.55) USD a million: int8 capped at AVX2 by itex;")
    assert small.startswith("small 5.00 ")
    assert "p50 25.0 ms; top-1 90.0%, loss +10.00% (" in large


def test_a_bound_on_the_loss_is_decided_by_its_interval_as_in_compare(
    folders: list[str], tmp_path: Path
) -> None:
    large, small = cheapest(shown(*folders, prices=prices(tmp_path), loss="0.1"))
    assert re.search(r"loss \+10\.00% \(\+\d\.\d% to \+\d\d\.\d%\): the images are too few", large)
    assert large.endswith("are too few to decide a loss of 10%")
    assert small.endswith("the images show no loss above 10%")


def test_a_bound_on_the_latency_names_the_percentile_that_it_is_of(
    folders: list[str], tmp_path: Path
) -> None:
    text = shown(*folders, prices=prices(tmp_path), latency_ms="30")
    assert "the cheapest cell of each machine, with latency (p50) at most 30 ms:" in text
    assert Bounds(latency_ms=46.0).in_words("p90") == "latency (p90) at most 46 ms"


def test_a_machine_without_a_cell_within_the_bounds_is_named(
    folders: list[str], tmp_path: Path
) -> None:
    idle = f"idle={measure(tmp_path / 'c', cell('int8', 'AVX2', *SLOW))}"
    listed = parts.prices(tmp_path, ("small", "large", "idle"))
    text = shown(*folders, idle, prices=listed, latency_ms="60")
    assert cheapest(text)[-1] == "idle no cell meets the bounds"
    assert break_even(text).endswith(" idle against small none: no cell meets the bounds")
    text = shown(idle, *folders, prices=listed, latency_ms="60")
    assert "no break-even: idle: no cell meets the bounds\n" in text
    text = shown(idle, *folders, prices=listed, latency_ms="1")
    assert "no break-even: idle, small, large: no cell meets the bounds\n" in text
    text = shown(*folders, idle, prices=listed, loss="0.5")
    assert cheapest(text)[-1] == "idle the loss of no cell is known"
    alone = shown(idle, prices=listed, loss="0.5")
    said = "no cell of any machine meets: measured loss at most 50%\nidle  the loss of no cell is "
    assert said in alone


@pytest.mark.parametrize(
    ("bounds", "first"),
    [
        ({"loss": "0.05"}, ("large 4.17 ", ": fp32 ")),
        ({"latency_ms": "30"}, ("large 2.08 ", ": int8 ")),
        ({"latency_ms": "24"}, None),
    ],
)
def test_a_cell_beyond_a_bound_is_not_chosen(
    folders: list[str], tmp_path: Path, bounds: dict[str, str], first: tuple[str, str] | None
) -> None:
    text = shown(*folders, prices=prices(tmp_path, large=0.3), **bounds)
    if first is None:
        assert "no cell of any machine meets: latency (p50) at most 24 ms" in text
        return
    beginning, cell = first
    assert cheapest(text)[0].startswith(beginning)
    assert cell in cheapest(text)[0]


@pytest.mark.parametrize(
    ("large", "verdict"), [(0.3, "cheaper"), (0.72, "not decided"), (2.0, "dearer")]
)
def test_the_break_even_is_the_ratio_of_the_speeds(
    folders: list[str], tmp_path: Path, large: float, verdict: str
) -> None:
    text = shown(*folders, prices=prices(tmp_path, large=large))
    line = break_even(text)
    assert "2.00x (" in line
    assert "the price of small" in line
    assert line.endswith(verdict)
    assert f"{large / 0.36:.2f}x" in line


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (1.0, "at 0.5500x (0.5449-0.5600) the price of small; now it has 0.5447x: cheaper"),
        (0.1, "at 0.05500x (0.05449-0.05600) the price of small; now it has 0.05447x: cheaper"),
    ],
)
def test_a_price_outside_the_interval_does_not_read_as_within_it(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float, said: str
) -> None:
    one = BreakEven(
        name="large",
        other="small",
        at=Interval(estimate=0.55 * scale, low=0.5449 * scale, high=0.56 * scale),
        now=0.5447 * scale,
        once=False,
        in_doubt=False,
        one_machine=False,
    )
    monkeypatch.setattr("stages.machines.cost_table.break_evens", lambda *_: [one])
    line = break_even(shown(*folders, prices=prices(tmp_path)))
    assert said in line


@pytest.mark.parametrize("large", [0.3, 2.0])
def test_runs_of_one_machine_are_neither_cheaper_nor_dearer(tmp_path: Path, large: float) -> None:
    made = {"small": "2026-11-26T17:24:05Z", "large": "2026-11-26T18:24:05Z"}
    runs = [
        f"{name}={measure(tmp_path / name, cell('int8', 'AVX2', *FAST), made=when, boot_id='d0e3')}"
        for name, when in made.items()
    ]
    text = shown(*runs, prices=prices(tmp_path, large=large))
    assert break_even(text).endswith(": not decided, as both are runs of one machine")


def test_the_latency_is_the_highest_percentile_that_all_cells_have(folders: list[str]) -> None:
    first, *others = entries(*folders)
    assert percentile_of([first, *others]) == "p50"
    tailed = replace(first.cell, p90_ms=110.0, p99_ms=120.0)
    fast = replace(first, cell=tailed)
    assert percentile_of([fast, *others]) == "p50"
    assert percentile_of([fast]) == "p99"
    assert percentile_of([fast, replace(fast, cell=replace(tailed, p99_ms=None))]) == "p90"
    assert (latency_of(tailed, "p50"), latency_of(tailed, "p99")) == (100.0, 120.0)
    bound = Bounds(latency_ms=115.0)
    assert bound.met_by(tailed, "p90")
    assert not bound.met_by(tailed, "p99")


def test_a_latency_in_doubt_is_marked_though_its_rate_is_not(
    folders: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not entries(*folders)[0].any_doubt
    text = shown(*folders, prices=prices(tmp_path))
    assert "INVALID" not in cheapest(text)[0]
    monkeypatch.setattr("stages.machines.machine.is_in_doubt", lambda _: False)
    invalid = replace(entries(*folders)[0], cell=replace(entries(*folders)[0].cell, valid=False))
    assert (invalid.doubt, invalid.any_doubt) == ("", "INVALID")


def test_a_verdict_on_prices_says_that_speeds_are_in_doubt(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.machines.machine.is_in_doubt", lambda _: True)
    text = shown(*folders, prices=prices(tmp_path, large=2.0))
    line = break_even(text)
    assert line.endswith("dearer, IN DOUBT")


@pytest.mark.parametrize("right", [99, 98, 95])
def test_a_loss_of_exactly_the_bound_meets_it(right: int) -> None:
    of_cell = cast("CellFigures", SimpleNamespace(loss=1 - right / 100))
    assert Bounds(loss=(100 - right) / 100).met_by(of_cell)
    assert not Bounds(loss=(99 - right) / 100).met_by(of_cell)


def test_a_loss_that_is_not_known_meets_no_bound_of_it(folders: list[str]) -> None:
    unknown = replace(entries(*folders)[0].cell, loss=None)
    assert Bounds().met_by(unknown)
    assert not Bounds(loss=1.0).met_by(unknown)


def test_a_rate_that_may_be_nothing_leaves_the_cost_without_an_end(
    folders: list[str], tmp_path: Path
) -> None:
    price = read_prices(Path(prices(tmp_path)), date(2026, 11, 27)).prices["small"]
    cost = price.per_million(Interval(estimate=10.0, low=0.0, high=20.0))
    assert cost
    assert cost.low == pytest.approx(5.0)
    assert cost.high == float("inf")
    assert price.per_million(Interval(estimate=0.0, low=0.0, high=0.0)) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("latency_ms", "0"),
        ("latency_ms", "-1"),
        ("latency_ms", "nan"),
        ("latency_ms", "fast"),
        ("loss", "1.5"),
        ("loss", "1%"),
        ("loss", "-0.1"),
    ],
)
def test_a_bound_that_can_be_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} can't be '{text}'; give a number from"):
        read_bounds(**{"latency_ms": "", "loss": "", name: text})


def test_a_bound_without_prices_is_refused(folders: list[str]) -> None:
    with pytest.raises(SettingsError, match="give prices, too"):
        shown(*folders, loss="0.01")
