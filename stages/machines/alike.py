"""What must be the same for machines to be set side by side, and what else differs."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from stages.common.current import MAX_READ, value_in_words
from stages.errors import InputStaleError, SettingsError
from stages.machines.machine import Machine, Measured
from stages.records.base import UNKNOWN
from stages.runtimes import RUNTIME_NAMES

SHOWN = 12
MAX_WORDS = 6
NOT_RUN = "-"
SAME_MODEL = "copy the folders train and quantize of one to the other, and profile there"
SAME_DATA = f"measure both on the same; {SAME_MODEL}"


def require_alike(machines: Sequence[Machine]) -> None:
    """Raise InputStaleError if two machines measured other data or models.

    Raises SettingsError if two have rounds of one measurement: their samples are the same.
    """
    first = machines[0]
    for one, other in combinations(machines, 2):
        _require_two(one, other)
    for other in machines[1:]:
        _require_same_data(first, other)
    for runtime in runtimes_of(machines):
        there = [machine for machine in machines if runtime in machine.runtimes]
        for other in there[1:]:
            _require_same_models(there[0], other, runtime)


def runtimes_of(machines: Sequence[Machine]) -> list[str]:
    """Return all runtimes that any of the machines measured."""
    return [name for name in RUNTIME_NAMES if any(name in one.runtimes for one in machines)]


def _require_two(one: Machine, other: Machine) -> None:
    for runtime in one.runtimes.keys() & other.runtimes.keys():
        ours, theirs = one.runtimes[runtime], other.runtimes[runtime]
        # Rounds that were added stand beside those of before, which then are in both.
        of_one_boot = one.host.boot_id == other.host.boot_id
        shared = of_one_boot and {*ours.made} & {*theirs.made} - {""}
        if shared or ours.sha256 == theirs.sha256:
            raise SettingsError(
                f"{one.name} and {other.name} have rounds of one measurement; give one of them"
            )


def _require_same_data(one: Machine, other: Machine) -> None:
    ours, theirs = (next(iter(machine.runtimes.values())) for machine in (one, other))
    sources = {"data": (ours.data, theirs.data), "backbones": (ours.backbone, theirs.backbone)}
    for what, (our, their) in sources.items():
        if our.sha256 != their.sha256:
            raise InputStaleError(
                f"{one.name} and {other.name} measured other {what}: {our.name[:MAX_READ]} "
                f"({our.sha256[:SHOWN]}) and {their.name[:MAX_READ]} ({their.sha256[:SHOWN]}); "
                f"{SAME_DATA}"
            )


def _require_same_models(one: Machine, other: Machine, runtime: str) -> None:
    ours, theirs = one.runtimes[runtime].models, other.runtimes[runtime].models
    for precision, digest in ours.items():
        if digest != theirs[precision]:
            raise InputStaleError(
                f"{one.name} and {other.name} measured other models by {runtime}: that of "
                f"{precision} has {digest[:SHOWN]} and {theirs[precision][:SHOWN]}; {SAME_MODEL}"
            )


def differences(machines: Sequence[Machine]) -> list[list[str]]:
    """Return a row for each condition that is not the same on all machines: its name, its values.

    A machine that did not run the runtime has a dash.
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    runtimes = runtimes_of(machines)
    for runtime in runtimes:
        of_runtime = f" ({runtime})" if len(runtimes) > 1 else ""
        for name, values in _conditions([machine.runtimes.get(runtime) for machine in machines]):
            if len({*values} - {None}) > 1:
                # What is of the machine is the same for each of its runtimes.
                shown = [NOT_RUN if value is None else value for value in _short(values)]
                rows.setdefault((name, *shown), [f"{name}{of_runtime}", *shown])
    return list(rows.values())


def _conditions(measured: Sequence[Measured | None]) -> Iterator[tuple[str, list[str | None]]]:
    """Yield each condition by its name, with what it is on each machine that measured."""
    everything = [_named(one) if one else None for one in measured]
    for name in dict.fromkeys(name for facts in everything if facts for name in facts):
        yield name, [None if facts is None else facts.get(name, "none") for facts in everything]


def _named(measured: Measured) -> dict[str, str]:
    return {
        f"{kind}: {name}": value_in_words(value)
        for kind, facts in measured.conditions.items()
        for name, value in facts.items()
    }


def _short(values: Sequence[str | None]) -> list[str | None]:
    """Return values as a table has them: of hashes the beginning, of lists what not all have."""
    texts = [value for value in values if value is not None]
    if max(map(len, texts)) <= MAX_READ:
        return [*values]
    common = set[str].intersection(*({*text.split()} for text in texts))
    return [None if value is None else _of_its_own(value, common) for value in values]


def _of_its_own(text: str, common: Collection[str]) -> str:
    words = text.split()
    if len(words) == 1:
        return text[:SHOWN]
    own = [word for word in words if word not in common]
    more = f" and {len(own) - MAX_WORDS} more" if len(own) > MAX_WORDS else ""
    return f"{' '.join(own[:MAX_WORDS])}{more}" or "none of them"


def same_boots(machines: Sequence[Machine]) -> list[list[str]]:
    """Return the names of those that are one machine, which was not started again in between."""
    by_boot: defaultdict[str, list[str]] = defaultdict(list)
    for machine in machines:
        if machine.host.boot_id != UNKNOWN:
            by_boot[machine.host.boot_id].append(machine.name)
    return [names for names in by_boot.values() if len(names) > 1]
