"""Whether a model is better than always answering the largest class: if not, it is at chance.

Two models at chance may differ in every answer and have the same accuracy, so theirs compare
nothing.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from math import exp, fsum, lgamma, log
from typing import Final

from stages.common.figures import beside
from stages.common.stats import right_answers
from stages.records.accuracy import Chance
from stages.records.reading import MIN_NUMBER

# What has a larger p is no more than chance may make.
MAX_P: Final = 0.05
AT_CHANCE: Final = "AT CHANCE"


def chance_of(predictions: Sequence[int], labels: Sequence[int]) -> Chance | None:
    """Return how predictions compare with always answering the largest class of `labels`.

    None without an image. Raises ValueError if there are more of one than of the other.
    """
    if not labels:
        return None
    right, largest = sum(right_answers(predictions, labels)), max(Counter(labels).values())
    return Chance(
        images=len(labels),
        right=right,
        largest_class=largest,
        p_value=_at_least(right, len(labels), largest / len(labels)),
    )


def at_chance(chance: Chance | None) -> str:
    """Return that FP32, whose this is, is at chance; empty if it is not, or that is not known."""
    if chance is None or chance.p_value <= MAX_P:
        return ""
    return (
        f"FP32 gets {chance.right} of {chance.images} right, the largest class alone gives "
        f"{chance.largest_class} (p = {p_in_words(chance.p_value)}): no accuracy can be compared"
    )


def p_in_words(p_value: float) -> str:
    """Return a p with two digits, or with more where it would read as the bound."""
    text = f"{p_value:.2g}"
    return beside(p_value, MAX_P) if float(text) == MAX_P else text


def warn_at_chance(program: str, chance: Chance | None, split: str) -> None:
    """Say in a line on stderr that FP32 is at chance on a split, if it is."""
    if words := at_chance(chance):
        print(f"{program}: {AT_CHANCE} on {split}: {words}", file=sys.stderr, flush=True)


def _at_least(successes: int, tries: int, probability: float) -> float:
    """Return how likely that many of `tries` or more succeed, each with a probability above 0."""
    if successes == 0 or probability == 1:
        return 1.0
    terms = (_term(count, tries, probability) for count in range(successes, tries + 1))
    likely = min(fsum(terms), 1.0)
    return likely if likely >= MIN_NUMBER else 0.0  # what no record may hold is as good as never


def _term(count: int, tries: int, probability: float) -> float:
    """Return how likely exactly `count` of `tries` succeed; by logarithms, as it may be tiny."""
    ways = lgamma(tries + 1) - lgamma(count + 1) - lgamma(tries - count + 1)
    return exp(ways + count * log(probability) + (tries - count) * log(1 - probability))
