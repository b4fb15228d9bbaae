"""Pieces of the reports in plain text: aligned tables, and what the figures come from."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

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
# Beyond these a figure with decimals shows nothing, or too many digits to read.
MIN_PLAIN, MAX_PLAIN = 0.001, 1e9
# One of as many images is a tenth of a percent.
MANY_IMAGES = 1000
# More decimals than usual that a value may have, and what is but the rounding of its last one.
MAX_MORE, MIN_APART = 5, 1e-9
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
    return f"{figure(ratio.estimate, digits)}x {ONCE if once else f'({low}-{high})'}"


def end_of_ratio(end: float, digits: int = 2) -> str:
    """Return an end of a ratio's interval: one that is not 1 does not read as 1."""
    shown = figure(end, digits)
    return beside(end, 1, digits=digits) if shown == figure(1, digits) else shown


def least_to_most(numbers: Sequence[int]) -> str:
    """Return the range of numbers, such as 5-29; a single one if all are equal, empty for none."""
    return "-".join(map(str, dict.fromkeys((min(numbers), max(numbers))))) if numbers else ""


def figure(value: float, digits: int = 2) -> str:
    """Return a figure, zero or more, as tables have it: decimals, unless it is tiny or huge."""
    is_plain = value == 0 or MIN_PLAIN <= value < MAX_PLAIN
    return f"{value:.{digits}f}" if is_plain else f"{value:.2e}"


def quantity(value: float) -> str:
    """Return a rate, a latency or a cost: with two decimals, or three digits if it is below 1."""
    return f"{value:#.3g}" if 0 < value < 1 else figure(value)


def three_digits(value: float) -> str:
    """Return a figure with three digits, or with one decimal if it has more."""
    return figure(value, 1) if value >= 10 else quantity(value)


def beside(value: float, *bounds: float, digits: int = 2, sign: str = "") -> str:
    """Return a value with `digits` decimals, or with more where it would read as one of `bounds`.

    A verdict that is by the value would else contradict what is shown of it.
    """
    return f"{value:{sign}.{digits_apart(value, bounds, digits)}f}"


def percent_beside(fraction: float, *bounds: float, digits: int = 0, sign: str = "") -> str:
    """Return a fraction in percent, as `beside` returns a value; the bounds are fractions, too."""
    return f"{beside(100 * fraction, *(100 * it for it in bounds), digits=digits, sign=sign)}%"


def digits_apart(value: float, bounds: Iterable[float], digits: int) -> int:
    """Return the decimals that set a value apart from bounds of either sign that it is not."""
    others = [bound for bound in bounds if abs(abs(value) - bound) > MIN_APART]
    for more in range(digits, digits + MAX_MORE):
        if all(f"{abs(value):.{more}f}" != f"{bound:.{more}f}" for bound in others):
            return more
    return digits


def fraction_of_images(fraction: float, images: int = 0) -> str:
    """Return a fraction of images in percent: only all of them are 100%, only none 0%.

    Where one of them is less than a tenth of a percent, it has another decimal.
    """
    return percent_beside(fraction, 0, 1, digits=digits_of_images(images))


def digits_of_images(images: int) -> int:
    """Return the decimals of a percentage of n images, which may not be known (0)."""
    return 2 if images >= MANY_IMAGES else 1


def counted(count: float, noun: str, several: str = "") -> str:
    """Return a number of things, such as `1 core` and `2 cores`; `several` is an odd plural."""
    return f"{count:.0f} {noun if count == 1 else several or f'{noun}s'}"


def milliseconds(value: float) -> str:
    """Return a latency as tables have it."""
    return three_digits(value)


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


def loss_in_words(loss: float | None, *bounds: float) -> str:
    """Return a relative loss in percent, apart from bounds that are shown beside it.

    None is that of a model whose FP32 is never right.
    """
    return "undefined" if loss is None else percent_beside(loss, *bounds, digits=2, sign="+")
