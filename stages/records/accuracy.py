"""What accuracies are held against, as several records have it."""

from dataclasses import dataclass
from typing import Annotated

from stages.records.fields import Count, Fraction, Size, doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Whether a model is right more often than one that always answers the largest class."""

    images: Annotated[Size, doc("Images that were classified.")]
    right: Annotated[Count, doc("Images that the model classified right.")]
    largest_class: Annotated[Size, doc("Images of the class that has the most of them.")]
    p_value: Annotated[
        Fraction,
        doc(
            "Probability, from 0 to 1, that at least as many are right by chance, if each is with "
            "the probability that the largest class has (exact binomial test, one-sided). Above "
            "0.05 the model is at chance."
        ),
    ]
