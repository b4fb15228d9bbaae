"""Whether a cell's figures, and those of a whole run, can be relied on; if not, why.

The reasons are data; the stage that shows them puts them into words.
"""

from collections.abc import Sequence
from statistics import median

from stages.common.bounds import BOUND_OF, OF_ITSELF
from stages.common.stats import interval, round_figures, spread
from stages.profile.counting import BOUNDS
from stages.records.base import MIN_ROUNDS, Interval
from stages.records.cell import Reason, ReasonKind, Validity
from stages.records.measure import Run

MAX_SPREAD, MAX_DRIFT = BOUND_OF["spread"], BOUND_OF["drift"]
MIN_OVERLAP = BOUND_OF["overlap"]


def judge_runs(offline: Sequence[Run], single_stream: Sequence[Run]) -> Validity:
    """Return the verdict on a cell's runs, with each reason once for each scenario."""
    reasons = [
        *scenario_reasons("offline", offline),
        *scenario_reasons("single_stream", single_stream),
    ]
    return Validity(valid=not reasons, reasons=reasons)


def judge_repeat(
    offline: Interval, single_stream: Interval, rounds: int, *, same_classes: bool
) -> list[Reason]:
    """Return why a whole run is not to be trusted, from the ratios of a cell to itself.

    `rounds` is how many there were; `same_classes` says whether the cell answered the same twice.
    """
    reasons = [] if same_classes else [Reason(kind="other_classes")]
    if rounds < MIN_ROUNDS:
        return [*reasons, Reason(kind="few_rounds", numbers={"rounds": rounds})]
    for scenario, ratio in (("offline", offline), ("single_stream", single_stream)):
        numbers = {"estimate": ratio.estimate, "low": ratio.low, "high": ratio.high}
        if not is_itself(scenario, ratio):
            reasons.append(Reason(kind="not_itself", scenario=scenario, numbers=numbers))
        elif spread(ratio) > OF_ITSELF[scenario]:
            reasons.append(Reason(kind="noise", scenario=scenario, numbers=numbers))
    return reasons


def is_itself(scenario: str, ratio: Interval) -> bool:
    """Return whether a cell may be as fast as itself, or is nearly, by its ratio to itself.

    Many rounds show that two processes differ by a few thousandths, as memory lies elsewhere.
    """
    nearly = OF_ITSELF[scenario]
    return ratio.low <= 1 <= ratio.high or (1 - nearly <= ratio.low and ratio.high <= 1 + nearly)


def scenario_reasons(scenario: str, runs: Sequence[Run]) -> list[Reason]:
    """Return why a scenario's figures can't be relied on, from its runs; none if they can."""
    figures = round_figures(scenario, runs)
    measured_and_maximum: dict[ReasonKind, tuple[float, float]] = {
        "spread": (spread(interval(figures)), MAX_SPREAD),
        "drift": (_drift(figures), MAX_DRIFT),
        **_disturbances(runs),
    }
    reasons = [
        Reason(kind=kind, scenario=scenario, numbers={kind: value})
        for kind, (value, maximum) in measured_and_maximum.items()
        if abs(value) > maximum
    ]
    overlap = min(run.overlap for run in runs)
    if overlap < MIN_OVERLAP:
        reasons.append(Reason(kind="overlap", scenario=scenario, numbers={"overlap": overlap}))
    return [*_loadgen_reasons(scenario, runs), *reasons]


def _disturbances(runs: Sequence[Run]) -> dict[ReasonKind, tuple[float, float]]:
    """Return what disturbed a cell's turns, and how much of it may: the median, or the sum."""
    amounts = [run.interference.amounts for run in runs]
    by_kind = {kind: [amount[kind] for amount in amounts] for kind in BOUNDS}
    shown = {
        "waiting": median(by_kind["waiting"]),
        "steal": median(by_kind["steal"]),
        "throttled": sum(by_kind["throttled"]),
        "quota": sum(by_kind["quota"]),
        "clock_step": max(by_kind["clock_step"], key=abs),
    }
    return {kind: (shown[kind], bound) for kind, bound in BOUNDS.items()}


def _loadgen_reasons(scenario: str, runs: Sequence[Run]) -> list[Reason]:
    """Return LoadGen's reasons, in its own words, each with the number of runs that have it."""
    texts = [text for run in runs for text in run.reasons]
    return [
        Reason(
            kind="loadgen",
            scenario=scenario,
            text=text,
            numbers={"runs": texts.count(text), "of": len(runs)},
        )
        for text in dict.fromkeys(texts)
    ]


def _drift(figures: Sequence[float]) -> float:
    """Return by which fraction the figure of the later half of the rounds is above the earlier's.

    That is 0 if there is no earlier half, or if it did nothing, for which other reasons are given.
    """
    half = len(figures) // 2
    first = median(figures[:half]) if half else 0.0
    return median(figures[-half:]) / first - 1 if first else 0.0
