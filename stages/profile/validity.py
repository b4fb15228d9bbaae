"""Whether a cell's figures can be relied on; if not, why, and what to change."""

from collections.abc import Sequence
from statistics import median

from stages.measure.interference import MOST_STEAL
from stages.measure.intervals import interval, spread
from stages.records.base import Interval
from stages.records.profile import Run, Validity

# Beyond these a figure says more of the machine's other users than of the model.
MOST_SPREAD = 0.05
MOST_DRIFT = 0.05
# What keeps a clock right moves it by less in the seconds of a run.
MOST_CLOCK_STEP_S = 0.05
# The widest that the interval of a cell's ratio to itself may be, to either side; single queries
# are disturbed more than batches.
MOST_REPEAT_SPREAD = {"offline": 0.02, "single-stream": 0.05}
# With fewer rounds, the interval of their median is narrow for want of data.
LEAST_ROUNDS = 5
# Below it, what instances did together is too little of what they did.
LEAST_OVERLAP = 0.8


def judge(offline: Sequence[Run], single_stream: Sequence[Run]) -> Validity:
    """Return the verdict on a cell's runs, with each reason said once."""
    reasons = [*_reasons("offline", offline), *_reasons("single-stream", single_stream)]
    return Validity(valid=not reasons, reasons=reasons)


def judge_repeat(
    offline: Interval, single_stream: Interval, rounds: int, *, same_classes: bool
) -> list[str]:
    """Return why a run is not to be trusted, from the ratios of a cell to itself."""
    reasons = [] if same_classes else ["the same cell gave other classes the second time"]
    if rounds < LEAST_ROUNDS:
        said = "1 round is" if rounds == 1 else f"{rounds} rounds are"
        return [*reasons, f"{said} too few to tell noise; raise VGG19_ROUNDS"]
    for name, ratio in (("offline", offline), ("single-stream", single_stream)):
        shown = f"{name}, the same cell is {ratio.estimate:.3f} times as fast as itself"
        between = f"({ratio.low:.3f} to {ratio.high:.3f})"
        if not ratio.low <= 1 <= ratio.high:
            reasons.append(f"{shown} {between}; quieten the machine or raise VGG19_ROUNDS")
        elif spread(ratio) > MOST_REPEAT_SPREAD[name]:
            reasons.append(f"{shown}, but for noise {between}; raise VGG19_ROUNDS")
    return reasons


def _reasons(scenario: str, runs: Sequence[Run]) -> list[str]:
    found = _of_loadgen(runs)
    rates = [run.rate_per_s for run in runs]
    width = spread(interval(rates))
    if width > MOST_SPREAD:
        found.append(f"the median varies by {width:.0%}; raise VGG19_ROUNDS or quieten the machine")
    drift = _drift(rates)
    if abs(drift) > MOST_DRIFT:
        found.append(f"drifted by {drift:+.0%} from the first to the last rounds; run it again")
    found += _of_the_machine(runs)
    overlap = min(run.overlap for run in runs)
    if overlap < LEAST_OVERLAP:
        found.append(f"instances ran together for {overlap:.0%} of the time; raise the duration")
    return [f"{scenario}: {reason}" for reason in found]


def _of_loadgen(runs: Sequence[Run]) -> list[str]:
    counted: dict[str, int] = {}
    for run in runs:
        for reason in run.reasons:
            counted[reason] = counted.get(reason, 0) + 1
    return [f"LoadGen, {count} of {len(runs)} runs: {each}" for each, count in counted.items()]


def _drift(rates: Sequence[float]) -> float:
    """Return by what share the later rounds are faster than the earlier ones."""
    half = len(rates) // 2
    return median(rates[-half:]) / median(rates[:half]) - 1 if half else 0.0


def _of_the_machine(runs: Sequence[Run]) -> list[str]:
    found = []
    steal = median(run.steal for run in runs)
    if steal > MOST_STEAL:
        found.append(f"the hypervisor took {steal:.0%} of the time; take a dedicated host")
    throttled = sum(run.throttle_events for run in runs)
    if throttled:
        found.append(f"the cores throttled {throttled} times; cool them or use fewer")
    step = max((run.clock_step_s for run in runs), key=abs)
    if abs(step) > MOST_CLOCK_STEP_S:
        found.append(f"the clock stepped by {step:+.2f} s; stop what sets it, run it again")
    return found
