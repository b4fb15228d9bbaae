"""The reasons of a verdict in words, each with what to change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stages.common.bounds import BOUND_OF, OF_ITSELF
from stages.common.figures import beside, counted, percent_beside
from stages.records.cell import Reason, ReasonKind
from stages.records.measure import Disturbance

Numbers = Mapping[str, float]
# A reason with the name of the cell that it is about.
Named = tuple[str, Reason]
MORE, FORCE = "add rounds with --more", "--force profile"
# What a measurement that is current needs to be made again: without it, nothing is to do.
AGAIN = f"measure again with {FORCE}"
# How a reason ends that nothing else helps against.
AGAIN_ALONE = f"; {AGAIN}"
# How the reason of a cell ends that is left out unless it is asked for.
MEASURED_IF_ASKED = "VGG19_ALL_CELLS=1 measures it"
# What more rounds do not change: one turn that is short is enough, and answers are not asked again.
BY_ONE_TURN: frozenset[ReasonKind] = frozenset({"loadgen", "overlap", "other_classes"})
_ITSELF = "the same cell is {}"


@dataclass(frozen=True, slots=True)
class Wording:
    """A kind of reason: what is wrong and what to change, with {} for the amount.

    `remedy` is what to change where what is wrong is in LoadGen's own words, by these, which come
    before it.
    """

    words: str
    amount: Callable[[Numbers], str] = lambda _: ""
    remedy: Callable[[str], str] = lambda _: ""


WORDS: dict[str, Wording] = {
    "loadgen": Wording(
        "LoadGen, {}: ",
        lambda n: f"{n['runs']:.0f} of {counted(n['of'], 'run')}",
        lambda text: f"; {_remedy_of(text)}",
    ),
    "spread": Wording(
        f"the median varies by {{}}; quieten the machine and {MORE}",
        lambda n: _percent("spread", n["spread"], digits=1),
    ),
    "drift": Wording(
        f"drifted by {{}} from the first to the last rounds; {MORE}, or {AGAIN}",
        lambda n: _percent("drift", n["drift"], sign="+"),
    ),
    "waiting": Wording(
        f"waited for other processes {{}} of the cores' time; end them, then {MORE}",
        lambda n: _waited(n["waiting"]),
    ),
    "steal": Wording(
        "the hypervisor took {} of the cores' time; take a dedicated host",
        lambda n: _percent("steal", n["steal"]),
    ),
    "throttled": Wording(
        f"the cores throttled {{}}; cool them, then {MORE}, or use fewer",
        lambda n: counted(n["throttled"], "time"),
    ),
    "quota": Wording(
        "the CPU quota was used up in {}; raise it to all pinned cores",
        lambda n: counted(n["quota"], "period"),
    ),
    "clock_step": Wording(
        f"the clock stepped by {{}}; stop what sets it, then {MORE}, or {AGAIN}",
        lambda n: _seconds(n["clock_step"]),
    ),
    "overlap": Wording(
        "instances ran together for {} of the time; raise the duration",
        lambda n: _percent("overlap", n["overlap"]),
    ),
    "other_classes": Wording(
        "the same cell gave other classes the second time; run it again, report it if it stays"
    ),
    "few_rounds": Wording(
        f"{{}} too few to estimate noise; {MORE}", lambda n: _rounds(n["rounds"])
    ),
    "not_itself": Wording(f"{_ITSELF}; quieten the machine and {MORE}", lambda n: _ratio(n)),
    "noise": Wording(f"{_ITSELF}, which is noise; {MORE}", lambda n: _ratio(n)),
}


def in_words(reason: Reason) -> str:
    """Return one line: the scenario if the reason is about one, what is wrong, what to change."""
    text = _worded(reason, _amount(reason))
    return f"{_scenario_name(reason)}: {text}" if reason.scenario else text


def may_change_by_rounds(reasons: Iterable[Reason]) -> bool:
    """Return whether more rounds may change any of these."""
    return any(reason.kind not in BY_ONE_TURN for reason in reasons)


def together(reasons: Sequence[Named]) -> list[tuple[str, str]]:
    """Return a scenario and a line for each kind of reason, with all cells that have it."""
    return [
        (
            _scenario_name(group[0][1]),
            _worded(group[0][1], ", ".join(f"{_amount(r)} ({cell})" for cell, r in group)),
        )
        for group in alike(reasons)
    ]


def alike(reasons: Sequence[Named]) -> list[list[Named]]:
    """Return the reasons that differ in nothing but cell and amount together, by scenario."""
    groups: dict[tuple[str, str, str], list[Named]] = {}
    for cell, reason in reasons:
        key = (_scenario_name(reason), reason.kind, reason.text)
        groups.setdefault(key, []).append((cell, reason))
    return [group for _, group in sorted(groups.items(), key=lambda item: item[0][0])]


def numbered(groups: Iterable[Sequence[Named]]) -> dict[str, list[int]]:
    """Return by name the numbers, from 1, of the groups of reasons that each cell is in."""
    numbers: dict[str, list[int]] = {}
    for number, group in enumerate(groups, 1):
        for cell in dict.fromkeys(cell for cell, _ in group):
            numbers.setdefault(cell, []).append(number)
    return numbers


def from_to(group: Sequence[Named]) -> str:
    """Return what is wrong, and what to change, for alike reasons: by the least to the most."""
    ordered = sorted((reason for _, reason in group), key=_size)
    return _worded(ordered[0], _between(_amount(ordered[0]), _amount(ordered[-1])))


def _between(least: str, most: str) -> str:
    """Return "1 to 2 of 10 runs" for "1 of 10 runs" and "2 of 10 runs": what both end in, once."""
    if least == most:
        return most
    shorter, longer = least.split(" "), most.split(" ")
    while len(shorter) > 1 and len(longer) > 1 and shorter[-1] == longer.pop():
        shorter.pop()
    return f"{' '.join(shorter)} to {most}"


def _size(reason: Reason) -> float:
    return abs(next(iter(reason.numbers.values()), 0.0))


def _scenario_name(reason: Reason) -> str:
    """Return the name of the scenario that a reason is about, as people write it."""
    return reason.scenario.replace("_", "-")


def _worded(reason: Reason, amount: str) -> str:
    kind = WORDS[reason.kind]
    return f"{kind.words.format(amount)}{reason.text.rstrip('.')}{kind.remedy(reason.text)}"


def _amount(reason: Reason) -> str:
    return WORDS[reason.kind].amount(reason.numbers)


def _remedy_of(text: str) -> str:
    """Return what to do about LoadGen's words: that queries were too few, or a run too short.

    A longer run has more queries. None is too short for want of seconds: it has the images of as
    many at the highest rate known, and a little more, so it ends early if the cell is faster by
    more than that, however long a turn is. Nor do more rounds help, as that turn still counts.
    """
    if "queries" in text:
        return "raise VGG19_ROUND_QUERIES or VGG19_ROUND_DURATION_S"
    return AGAIN


def _ratio(numbers: Numbers) -> str:
    low, high = to_itself(numbers["low"]), to_itself(numbers["high"])
    return f"{numbers['estimate']:.3f} times as fast as itself ({low} to {high})"


def to_itself(end: float) -> str:
    """Return an end of the interval of a cell's ratio to itself, apart from what it is held to."""
    return beside(end, 1, *(1 + far for it in OF_ITSELF.values() for far in (-it, it)), digits=3)


def _percent(kind: ReasonKind, amount: float, digits: int = 0, sign: str = "") -> str:
    """Return a fraction apart from its bound."""
    return percent_beside(amount, BOUND_OF[kind], digits=digits, sign=sign)


def _waited(fraction: float) -> str:
    """Return a fraction of the cores' time: more threads than cores may have waited at once."""
    return _percent("waiting", min(fraction, 1.0))


def _seconds(step: float) -> str:
    return f"{beside(step, BOUND_OF['clock_step'], sign='+')} s"


def _rounds(count: float) -> str:
    return "1 round is" if count == 1 else f"{count:.0f} rounds are"


# What disturbed a turn at most, by its kind.
AT_MOST: dict[Disturbance, Callable[[float], str]] = {
    "waiting": lambda most: f"waited for other processes up to {_waited(most)} of the cores' time",
    "steal": lambda most: f"the hypervisor took up to {_percent('steal', most)} of the cores' time",
    "throttled": lambda most: f"the cores throttled up to {counted(most, 'time')}",
    "quota": lambda most: f"the CPU quota was used up in up to {counted(most, 'period')}",
    "clock_step": lambda most: f"the clock stepped by up to {_seconds(most)}",
}


def disturbances_in_words(most: Mapping[Disturbance, float]) -> str:
    """Return what disturbed turns, each kind with the most that there was of it."""
    return "; ".join(AT_MOST[kind](amount) for kind, amount in most.items())
