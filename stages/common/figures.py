"""How figures are shown: with the digits that say enough, and set them apart from their bounds."""

from collections.abc import Iterable, Sequence

from stages.records.accuracy import LossInterval
from stages.records.base import Interval

# Beyond these a figure with decimals shows nothing, or too many digits to read.
MIN_PLAIN, MAX_PLAIN = 0.001, 1e9
# Below it, a ratio with two decimals has one digit, or none.
MIN_RATIO = 0.1
# One of as many images is a tenth of a percent.
MANY_IMAGES = 1000
# More decimals than usual that a value may have, and what is but the rounding of its last one.
MAX_MORE, MIN_APART = 5, 1e-9


def figure(value: float, digits: int = 2) -> str:
    """Return a figure, zero or more, as tables have it: decimals, unless it is tiny or huge."""
    is_plain = value == 0 or MIN_PLAIN <= value < MAX_PLAIN
    return f"{value:.{digits}f}" if is_plain else f"{value:.2e}"


def quantity(value: float) -> str:
    """Return a rate, a latency or a cost: with two decimals, or three digits if it is below 1."""
    return f"{value:#.3g}" if 0 < value < 1 else figure(value)


def multiple(value: float, digits: int = 2) -> str:
    """Return a ratio: with two decimals, or three digits if these would be but one or none."""
    is_small = digits == 2 and 0 < value < MIN_RATIO
    return f"{value:#.3g}" if is_small else figure(value, digits)


def three_digits(value: float) -> str:
    """Return a figure with three digits, or with one decimal if it has more."""
    return figure(value, 1) if value >= 10 else quantity(value)


def milliseconds(value: float) -> str:
    """Return a latency as tables have it."""
    return three_digits(value)


def beside(value: float, *bounds: float, digits: int = 2, sign: str = "") -> str:
    """Return a value with `digits` decimals, or with more where it would read as one of `bounds`.

    A verdict that is by the value would else contradict what is shown of it.
    """
    return f"{value:{sign}.{digits_apart(value, bounds, digits)}f}"


def percent_beside(fraction: float, *bounds: float, digits: int = 0, sign: str = "") -> str:
    """Return a fraction in percent, as `beside` returns a value; the bounds are fractions, too."""
    return f"{beside(100 * fraction, *(100 * it for it in bounds), digits=digits, sign=sign)}%"


def percent(bound: float) -> str:
    """Return a bound as it was given, such as 1%: what is shown beside it is held against it."""
    return f"{100 * bound:.12g}%"


def loss_in_words(loss: float | None, *bounds: float) -> str:
    """Return a relative loss in percent, apart from bounds that are shown beside it.

    None is that of a model whose FP32 is never right.
    """
    return "undefined" if loss is None else percent_beside(loss, *bounds, digits=2, sign="+")


def loss_ends(between: LossInterval, *bounds: float) -> str:
    """Return the ends of a relative loss's interval in percent, apart from those bounds."""
    low, high = (
        percent_beside(end, *bounds, digits=1, sign="+") for end in (between.low, between.high)
    )
    return f"{low} to {high}"


def digits_apart(value: float, bounds: Iterable[float], digits: int) -> int:
    """Return the decimals that set a value apart from bounds of either sign that it is not."""
    others = [bound for bound in bounds if abs(abs(value) - bound) > MIN_APART]
    for more in range(digits, digits + MAX_MORE):
        if all(f"{abs(value):.{more}f}" != f"{bound:.{more}f}" for bound in others):
            return more
    return digits


def end_of_ratio(end: float, digits: int = 2) -> str:
    """Return an end of a ratio's interval: one that is not 1 does not read as 1."""
    shown = multiple(end, digits)
    return beside(end, 1, digits=digits) if shown == multiple(1, digits) else shown


def fraction_of_images(fraction: float, images: int = 0) -> str:
    """Return a fraction of images in percent: only all of them are 100%, only none 0%.

    Where one of them is less than a tenth of a percent, it has another decimal.
    """
    return percent_beside(fraction, 0, 1, digits=digits_of_images(images))


def ends_of_fraction(between: Interval, images: int) -> str:
    """Return the ends of the interval of a fraction of images, in percent without its sign."""
    ends = (fraction_of_images(end, images) for end in (between.low, between.high))
    return "-".join(end.removesuffix("%") for end in ends)


def digits_of_images(images: int) -> int:
    """Return the decimals of a percentage of n images, which may not be known (0)."""
    return 2 if images >= MANY_IMAGES else 1


def counted(count: float, noun: str, several: str = "") -> str:
    """Return a number of things, such as `1 core` and `2 cores`; `several` is an odd plural."""
    return f"{count:.0f} {noun if count == 1 else several or f'{noun}s'}"


def least_to_most(numbers: Sequence[int]) -> str:
    """Return the range of numbers, such as 5-29; a single one if all are equal, empty for none."""
    return "-".join(map(str, dict.fromkeys((min(numbers), max(numbers))))) if numbers else ""
