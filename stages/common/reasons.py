"""The reasons of a verdict in words, each with what to change."""

from collections.abc import Callable, Mapping

from stages.records.cell import Reason
from stages.records.measure import Disturbance

Numbers = Mapping[str, float]
_MORE = "add rounds with --more"

WORDS: dict[str, Callable[[Numbers, str], str]] = {
    "loadgen": lambda n, text: f"LoadGen, {n['runs']:.0f} of {n['of']:.0f} runs: {text}",
    "spread": lambda n, _: (
        f"the median varies by {n['spread']:.1%}; quieten the machine, or {_MORE}"
    ),
    "drift": lambda n, _: (
        f"drifted by {n['drift']:+.0%} from the first to the last rounds; run it again"
    ),
    "waiting": lambda n, _: (
        f"waited for a core {n['waiting']:.0%} of the time: another process runs here; end it"
    ),
    "steal": lambda n, _: (
        f"the hypervisor took {n['steal']:.0%} of the time; take a dedicated host"
    ),
    "throttled": lambda n, _: (
        f"the cores throttled {n['throttled']:.0f} times; cool them or use fewer"
    ),
    "quota": lambda n, _: (
        f"the CPU quota was used up in {n['quota']:.0f} periods; raise it to all pinned cores"
    ),
    "clock_step": lambda n, _: (
        f"the clock stepped by {n['clock_step']:+.2f} s; stop what sets it, run it again"
    ),
    "overlap": lambda n, _: (
        f"instances ran together for {n['overlap']:.0%} of the time; raise the duration"
    ),
    "other_classes": lambda *_: (
        "the same cell gave other classes the second time; run it again, report it if it stays"
    ),
    "few_rounds": lambda n, _: f"{_rounds(n['rounds'])} too few to estimate noise; {_MORE}",
    "not_itself": lambda n, _: f"the same cell is {_ratio(n)}; quieten the machine, or {_MORE}",
    "noise": lambda n, _: f"the same cell is {_ratio(n)}, which is noise; {_MORE}",
}


def in_words(reason: Reason) -> str:
    """Return one line: the scenario if the reason is about one, what is wrong, what to change."""
    text = WORDS[reason.kind](reason.numbers, reason.text)
    scenario = reason.scenario.replace("_", "-")
    return f"{scenario}: {text}" if scenario else text


def _ratio(numbers: Numbers) -> str:
    low, high = numbers["low"], numbers["high"]
    return f"{numbers['estimate']:.3f} times as fast as itself ({low:.3f} to {high:.3f})"


def _rounds(count: float) -> str:
    return "1 round is" if count == 1 else f"{count:.0f} rounds are"


# What disturbed a turn at most, by its kind.
AT_MOST: dict[Disturbance, Callable[[float], str]] = {
    "waiting": lambda most: f"waited for a core up to {most:.0%} of the time: another process ran",
    "steal": lambda most: f"the hypervisor took up to {most:.0%} of the time",
    "throttled": lambda most: f"the cores throttled up to {most:.0f} times",
    "quota": lambda most: f"the CPU quota was used up in up to {most:.0f} periods",
    "clock_step": lambda most: f"the clock stepped by up to {most:+.2f} s",
}


def disturbances_in_words(most: Mapping[Disturbance, float]) -> str:
    """Return what disturbed turns, each kind with the most that there was of it."""
    return "; ".join(AT_MOST[kind](amount) for kind, amount in most.items())
