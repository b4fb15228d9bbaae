"""Layouts: how many processes divide a cell's offline work, and which cores each of them has."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from stages.errors import PinningError
from stages.records.profile import Layout
from stages.setting.values import AUTO
from stages.settings import Settings

# The cores of each instance.
Placement: TypeAlias = list[list[int]]
# Trying more would take longer than it is worth.
MAX_PLACEMENTS = 6


def place_instances(
    cores: Sequence[int], num_instances: int, cores_per_instance: int = 0
) -> Placement:
    """Return the cores of each instance, neighbours together.

    If `cores_per_instance` is 0, each gets an equal part of all cores. Raises PinningError if
    there are not enough.
    """
    size = cores_per_instance or len(cores) // num_instances
    if not size or num_instances * size > len(cores):
        needed = num_instances * max(size, 1)
        raise PinningError(
            f"{num_instances} instances need {needed} cores, and there are {len(cores)}; "
            "ask for less (VGG19_NUM_INSTANCES, VGG19_CORES_PER_INSTANCE) or give VGG19_CORES"
        )
    return [list(cores[number * size : (number + 1) * size]) for number in range(num_instances)]


def candidate_placements(settings: Settings, cores: Sequence[int]) -> list[Placement]:
    """Return the placement asked for or, with `auto`, those to try: all cores in equal parts.

    At most MAX_PLACEMENTS are returned, the ones that differ most; one instance on all cores and
    one instance on each core are always among them.
    """
    if settings.num_instances != AUTO:
        return [place_instances(cores, int(settings.num_instances), settings.cores_per_instance)]
    numbers = [number for number in range(1, len(cores) + 1) if len(cores) % number == 0]
    while len(numbers) > MAX_PLACEMENTS:
        steps = [after / before for before, after in pairwise(numbers)]
        # Drop the middle one of the three closest together; the first and the last stay.
        closest = min(range(1, len(steps)), key=lambda index: steps[index - 1] * steps[index])
        del numbers[closest]
    return [place_instances(cores, number) for number in numbers]


def layout_of(placement: Placement) -> Layout:
    """Return the record of a placement."""
    return Layout(num_instances=len(placement), cores_per_instance=len(placement[0]))
