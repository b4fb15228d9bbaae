"""Layouts: how many processes share a cell's offline work, and which cores each has to itself."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from stages.errors import PinningError
from stages.records.profile import Layout
from stages.settings import AUTO, Settings

# The cores of each instance.
Split: TypeAlias = list[list[int]]
# Trying more would take longer than it is worth.
MAX_SPLITS = 6


def split(cores: Sequence[int], num_instances: int, cores_per_instance: int = 0) -> Split:
    """Return the cores of each instance, neighbours together; 0 cores means all in equal parts.

    Raises PinningError if there are not enough.
    """
    size = cores_per_instance or len(cores) // num_instances
    if not size or num_instances * size > len(cores):
        needed = num_instances * max(size, 1)
        raise PinningError(
            f"{num_instances} instances need {needed} cores, and there are {len(cores)}; "
            "ask for less (VGG19_NUM_INSTANCES, VGG19_CORES_PER_INSTANCE) or give VGG19_CORES"
        )
    return [list(cores[number * size : (number + 1) * size]) for number in range(num_instances)]


def splits(settings: Settings, cores: Sequence[int]) -> list[Split]:
    """Return what was asked for, or those to try: each way to share all cores in equal parts.

    If there are many, the ones that differ most are kept, among them one instance and one core
    each.
    """
    if settings.num_instances != AUTO:
        return [split(cores, int(settings.num_instances), settings.cores_per_instance)]
    numbers = [number for number in range(1, len(cores) + 1) if len(cores) % number == 0]
    while len(numbers) > MAX_SPLITS:
        steps = [after / before for before, after in pairwise(numbers)]
        # The middle number between two that are closest, and neither the first nor the last.
        closest = min(range(1, len(steps)), key=lambda index: steps[index - 1] * steps[index])
        del numbers[closest]
    return [split(cores, number) for number in numbers]


def layout_of(instances: Split) -> Layout:
    """Return the record of a split."""
    return Layout(num_instances=len(instances), cores_per_instance=len(instances[0]))
