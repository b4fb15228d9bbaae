"""The reasons of a verdict in words, each with what to change."""

from collections.abc import Callable, Mapping

from stages.records.cell import Reason

Numbers = Mapping[str, float]

WORDS: dict[str, Callable[[Numbers, str], str]] = {
    "loadgen": lambda n, text: f"LoadGen, {n['runs']:.0f} of {n['of']:.0f} runs: {text}",
    "spread": lambda n, _: (
        f"the median varies by {n['spread']:.1%}; raise VGG19_ROUNDS or quieten the machine"
    ),
    "drift": lambda n, _: (
        f"drifted by {n['drift']:+.0%} from the first to the last rounds; run it again"
    ),
    "steal": lambda n, _: (
        f"the hypervisor took {n['steal']:.0%} of the time; take a dedicated host"
    ),
    "throttled": lambda n, _: (
        f"the cores throttled {n['throttled']:.0f} times; cool them or use fewer"
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
    "few_rounds": lambda n, _: (
        f"{_rounds(n['rounds'])} too few to estimate noise; raise VGG19_ROUNDS"
    ),
    "not_itself": lambda n, _: (
        f"the same cell is {_ratio(n)}; quieten the machine or raise VGG19_ROUNDS"
    ),
    "noise": lambda n, _: f"the same cell is {_ratio(n)}, which is noise; raise VGG19_ROUNDS",
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
