"""Whether a cell's figures can be relied on, and a run; if not, the reasons as data.

The compare stage puts them into words, with what to change.
"""

from collections.abc import Sequence
from statistics import median

from stages.common.host.interference import MAX_STEAL
from stages.common.stats import interval, spread
from stages.records.base import Interval
from stages.records.cell import Reason, ReasonKind, Validity
from stages.records.measure import Run

# Beyond these a figure says more of the machine's other users than of the model.
MAX_SPREAD = 0.05
MAX_DRIFT = 0.05
# NTP slewing stays below this in the seconds of a run.
MAX_CLOCK_STEP_S = 0.05
# The widest that the interval of a cell's ratio to itself may be, to either side; single queries
# are disturbed more than batches.
MAX_REPEAT_SPREAD = {"offline": 0.02, "single_stream": 0.05}
# With fewer rounds, the interval of their median is narrow for want of data.
MIN_ROUNDS = 5
# Below it, what instances did together is too little of what they did.
MIN_OVERLAP = 0.8


def judge(offline: Sequence[Run], single_stream: Sequence[Run]) -> Validity:
    """Return the verdict on a cell's runs, with each reason once."""
    reasons = [*_reasons("offline", offline), *_reasons("single_stream", single_stream)]
    return Validity(valid=not reasons, reasons=reasons)


def judge_repeat(
    offline: Interval, single_stream: Interval, rounds: int, *, same_classes: bool
) -> list[Reason]:
    """Return why a run is not to be trusted, from the ratios of a cell to itself."""
    reasons = [] if same_classes else [Reason(kind="other_classes")]
    if rounds < MIN_ROUNDS:
        return [*reasons, Reason(kind="few_rounds", numbers={"rounds": rounds})]
    for scenario, ratio in (("offline", offline), ("single_stream", single_stream)):
        numbers = {"estimate": ratio.estimate, "low": ratio.low, "high": ratio.high}
        if not ratio.low <= 1 <= ratio.high:
            reasons.append(Reason(kind="not_itself", scenario=scenario, numbers=numbers))
        elif spread(ratio) > MAX_REPEAT_SPREAD[scenario]:
            reasons.append(Reason(kind="noise", scenario=scenario, numbers=numbers))
    return reasons


def _reasons(scenario: str, runs: Sequence[Run]) -> list[Reason]:
    rates = [run.rate_per_s for run in runs]
    measured: dict[ReasonKind, tuple[float, float]] = {
        "spread": (spread(interval(rates)), MAX_SPREAD),
        "drift": (_drift(rates), MAX_DRIFT),
        "steal": (median(run.steal for run in runs), MAX_STEAL),
        "throttled": (sum(run.throttle_events for run in runs), 0),
        "clock_step": (max((run.clock_step_s for run in runs), key=abs), MAX_CLOCK_STEP_S),
    }
    found = [
        Reason(kind=kind, scenario=scenario, numbers={kind: value})
        for kind, (value, most) in measured.items()
        if abs(value) > most
    ]
    overlap = min(run.overlap for run in runs)
    if overlap < MIN_OVERLAP:
        found.append(Reason(kind="overlap", scenario=scenario, numbers={"overlap": overlap}))
    return [*_of_loadgen(scenario, runs), *found]


def _of_loadgen(scenario: str, runs: Sequence[Run]) -> list[Reason]:
    """Return LoadGen's reasons, in its own words, each with the number of runs that it is about."""
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


def _drift(rates: Sequence[float]) -> float:
    """Return by which fraction the later rounds are faster than the earlier ones."""
    half = len(rates) // 2
    return median(rates[-half:]) / median(rates[:half]) - 1 if half else 0.0
