"""Pieces of the reports in plain text: aligned tables, and what the figures come from."""

from collections.abc import Sequence
from textwrap import wrap

from stages.common.figures import counted, end_of_ratio, least_to_most, multiple
from stages.program.printable import printable
from stages.records.base import MIN_ROUNDS, UNKNOWN, Host, Interval, Source
from stages.records.cell import Reason
from stages.records.cpu_generations import full_name
from stages.records.quantize import Recipe
from stages.setting.addresses import GIVEN
from stages.setting.values import OWN_BACKBONES

MAX_CELL = 1000
# Columns of a terminal that text for people keeps to, and those of the names beside a text.
WIDTH, MAX_NAME = 100, 44
# Where the texts of the lines begin that say what was measured.
INDENT = 10
VGG19 = "VGG19"
# In place of an interval, which would be as wide as nothing; and beside a figure in a table.
NO_INTERVAL, ONCE = "one round: no interval", "(one round)"
# Beside a ratio of two runs.
OTHER_RUNS = "the interval holds for these runs: other runs may lie outside"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows, all of one length, as lines in which the columns are aligned.

    What is in a cell may be a stranger's: it is cleaned, and cut if it is very long.
    """
    rows = [[printable(text, MAX_CELL) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def hanging(rows: Sequence[tuple[str, str]]) -> str:
    """Return names, each with a text beside it, in lines of at most WIDTH characters.

    The texts are aligned; one whose name is longer than MAX_NAME begins on a line of its own.
    """
    rows = [(printable(name, MAX_CELL), printable(text, MAX_CELL)) for name, text in rows]
    indent = 2 + max((len(name) for name, _ in rows if len(name) <= MAX_NAME), default=2)
    return "\n".join(line.rstrip() for row in rows for line in _hanging(*row, indent))


def _hanging(name: str, text: str, indent: int) -> list[str]:
    is_long = len(name) > indent - 2
    above = wrapped(name) if is_long else []
    beside = "" if is_long else name
    return [*above, *(wrapped(text, beside.ljust(indent), " " * indent) or [beside])]


def wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    """Return a text as lines of at most WIDTH characters, unless a word is longer than that.

    The first line begins with `first`, all others with `others`.
    """
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def left_out(what: str, before: Sequence[int], after: Sequence[int], why: str) -> list[str]:
    """Return the line for the numbers that are left out, if any is."""
    without = [str(number) for number in before if number not in after]
    return [f"{what} {', '.join(without)}: {why}"] if without else []


def cut_words(text: str, most: int = WIDTH - MAX_NAME - 3) -> str:
    """Return a text in which no word is longer than has room behind a name, and before a `;`."""
    return " ".join(printable(word, most) for word in text.split(" "))


def times(ratio: Interval, *, once: bool, digits: int = 2) -> str:
    """Return a ratio with its interval, which there is none of after one round."""
    low, high = (end_of_ratio(end, digits) for end in (ratio.low, ratio.high))
    return f"{multiple(ratio.estimate, digits)}x {ONCE if once else f'({low}-{high})'}"


def few_rounds(reasons: Sequence[Reason]) -> int:
    """Return how many rounds a run had if they are too few, from why it is not to be trusted.

    That is 0 if they are enough.
    """
    few = (reason for reason in reasons if reason.kind == "few_rounds")
    return next((round(reason.numbers["rounds"]) for reason in few), 0)


def is_of_one_round(reasons: Sequence[Reason]) -> bool:
    """Return whether a run had one round, from the reasons why it is not to be trusted."""
    return few_rounds(reasons) == 1


def too_few(*rounds: int) -> str:
    """Return that these are too few rounds for an interval, empty if some are enough, or all one.

    What stands in place of one is what the rounds span.
    """
    if not 1 < max(rounds, default=0) < MIN_ROUNDS:
        return ""
    return f"{least_to_most(rounds)} rounds are too few for an interval"


def intervals_over(rounds: Sequence[int]) -> str:
    """Return what intervals are called, of figures over at least one number of rounds."""
    fewest, most = min(rounds), max(rounds)
    if most == 1:
        return NO_INTERVAL
    if few := too_few(*rounds):
        return f"{few} of 95%"
    number = f"{most}" if fewest == most else f"{fewest} to {most}"
    but = "" if fewest >= MIN_ROUNDS else f", of which fewer than {MIN_ROUNDS} are too few"
    return f"95% intervals over {number} rounds{but}"


def when(made: str) -> str:
    """Return the time at which a record was made as people read it, to the minute, in UTC."""
    if not made:
        return "at a time that was not recorded"
    day, _, time = made.partition("T")
    return f"{day} {time[:5]} UTC"


def when_all(parts: Sequence[str]) -> str:
    """Return when something was measured in parts, the first first: the last, and since when."""
    since = f", with rounds since {when(parts[0])}" if len(parts) > 1 else ""
    return f"{when(parts[-1])}{since}"


def network_of(backbone: Source) -> str:
    """Return the network that a backbone is of, which is known of our own alone; else its name.

    A whole model that was given is called as its file or folder is.
    """
    if backbone.whole:
        return backbone.name.removeprefix(f"{GIVEN}/")
    return VGG19 if backbone.name in OWN_BACKBONES else backbone.name


def model_of(backbone: Source) -> str:
    """Return in words which network of whose backbone was measured, or which whole model."""
    if backbone.whole:
        return f"{network_of(backbone)}, as it was given"
    network = f"{VGG19}, " if backbone.name in OWN_BACKBONES else ""
    return f"{network}{backbone.name} backbone"


def origins(host: Host, backbone: Source, data: Source) -> list[str]:
    """Return the lines that name the machine, the model and the data of a measurement."""
    cpu = full_name(host.cpu_model, host.cpu_id)
    of_host = [cpu, f"{counted(len(host.cores_pinned), 'core')} pinned", f"Linux {host.kernel}"]
    of_host += ["virtual machine"] if host.hypervisor else []
    of_host += [host.machine_type] if host.machine_type != UNKNOWN else []
    lines = [
        f"host      {', '.join(of_host)}",
        f"model     {model_of(backbone)} ({backbone.sha256[:12]})",
        f"data      {data.name} ({data.sha256[:12]}), test split",
    ]
    return [printable(line, MAX_CELL) for line in lines]


def recipe_in_words(recipe: Recipe) -> str:
    """Return a recipe as a person reads it, such as `minmax, per channel, 1 op in FP32`."""
    words = [recipe.algorithm, recipe.granularity.replace("_", " ")]
    words += [f"{counted(len(recipe.shared), 'op')} with a shared scale"] if recipe.shared else []
    words += [f"{counted(len(recipe.left_out), 'op')} in FP32"] if recipe.left_out else []
    return ", ".join(words)
