"""The headline of a profile in words: INT8 against FP32, with its interval, and any doubt about it.

Its figures are those of summaries.py; whatever shows them takes them from there.
"""

from collections.abc import Collection, Mapping, Sequence

from stages.common.chance import AT_CHANCE, at_chance
from stages.common.figures import end_of_ratio, fraction_of_images, multiple, quantity
from stages.common.reasons import in_words
from stages.common.text import NO_INTERVAL, few_rounds, is_of_one_round, too_few
from stages.errors import NotTrustedError
from stages.isa import rank
from stages.precisions import get_precision
from stages.records.base import Interval
from stages.records.cell import Reason
from stages.records.compare import Repeated
from stages.records.profile import ModelSummary, Repeat

NOT_TRUSTED = "THIS RUN IS NOT TO BE TRUSTED"
# The figure that each scenario gives.
FIGURES = {"offline": "throughput", "single_stream": "latency"}


def headline(models: Sequence[ModelSummary], difference: str = "") -> str:
    """Return what a person wants to read of FP32 and INT8, which `models` are, in one line.

    `difference` is what is known of that of their accuracies, in words. The line ends in why its
    figures can't be relied on, if they can't.
    """
    fp32, int8 = models
    speedup = int8.throughput_speedup
    ratio = f" ({_with_interval(speedup, int8.run_reasons)})" if speedup else ""
    images = fp32.chance.images if fp32.chance else 0
    before, after = (fraction_of_images(it.accuracy, images) for it in (fp32, int8))
    text = (
        f"INT8 {quantity(int8.throughput)} images/s against FP32 "
        f"{quantity(fp32.throughput)}{ratio}, "
        f"top-1 {after} against {before}, capped at {cap_of(models)}"
    )
    doubts = [doubt(models, ["offline"]), doubt_of_accuracies(models)]
    return "; ".join(filter(None, [text, difference, *doubts]))


def cap_of(models: Sequence[ModelSummary]) -> str:
    """Return the lowest cap at which `models` have these very figures, as the same kernels run."""
    return max((model.kernels_isa or model.isa for model in models), key=rank)


def doubt(models: Sequence[ModelSummary], scenarios: Collection[str] = tuple(FIGURES)) -> str:
    """Return that the run is not to be trusted, or which figures are invalid; empty if none is."""
    if not all(model.trusted for model in models):
        return not_trusted(models[0].run_reasons)
    invalid = [
        f"{FIGURES[scenario]} of {get_precision(model.precision).label}"
        for model in models
        for scenario in scenarios
        if is_invalid(model.reasons, scenario)
    ]
    return f"INVALID: {', '.join(invalid)}" if invalid else ""


def is_invalid(reasons: Sequence[Reason], scenario: str) -> bool:
    """Return whether any of a cell's `reasons` is about `scenario`, whose figure is then INVALID.

    One that names no scenario is about all figures.
    """
    return any(reason.scenario in (scenario, "") for reason in reasons)


def doubt_of_accuracies(models: Sequence[ModelSummary]) -> str:
    """Return that FP32, the first of `models`, is at chance; empty if it is better."""
    words = at_chance(models[0].chance)
    return f"{AT_CHANCE}: {words}" if words else ""


def not_trusted(reasons: Sequence[Reason]) -> str:
    """Return that a run is not to be trusted, and whether that is for want of rounds."""
    return f"{NOT_TRUSTED}{f' ({NO_INTERVAL})' if is_of_one_round(reasons) else ''}"


def require_trusted(runs: Mapping[str, Repeat | Repeated], named: bool = False) -> None:
    """Raise NotTrustedError if a run is not to be trusted.

    `runs` are the cells that were measured twice, by runtime; which run it is, is said if it is to
    be `named`.
    """
    for runtime, repeat in runs.items():
        if not repeat.trusted:
            which = f"the run by {runtime}" if named else "this run"
            reasons = "; ".join(map(in_words, repeat.reasons))
            why = f": {reasons}" if reasons else "; measure again"
            raise NotTrustedError(f"{which} is not to be trusted{why}")


def _with_interval(ratio: Interval, run_reasons: Sequence[Reason]) -> str:
    if is_of_one_round(run_reasons):
        return f"{multiple(ratio.estimate)}x"
    between = f"{end_of_ratio(ratio.low)}-{end_of_ratio(ratio.high)}"
    if few := too_few(few_rounds(run_reasons)):
        return f"{multiple(ratio.estimate)}x, {between}: {few}"
    return f"{multiple(ratio.estimate)}x, 95% interval {between}"
