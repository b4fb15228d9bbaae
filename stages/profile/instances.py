"""Instances: processes that share the work, each on cores of its own."""

from collections.abc import Sequence
from itertools import pairwise

from stages.errors import PinningError
from stages.records.profile import Layout
from stages.settings import AUTO, Settings

Split = list[list[int]]
# More than these would be tried for longer than they tell.
MOST_SPLITS = 6


def split(cores: Sequence[int], num_instances: int, cores_per_instance: int = 0) -> Split:
    """Return the cores of each instance, neighbours together; 0 cores share all in equal parts.

    Raises PinningError where there are not enough.
    """
    each = cores_per_instance or len(cores) // num_instances
    if not each or num_instances * each > len(cores):
        needed = num_instances * max(each, 1)
        raise PinningError(
            f"{num_instances} instances need {needed} cores, and there are {len(cores)}; "
            "ask for less (VGG19_NUM_INSTANCES, VGG19_CORES_PER_INSTANCE) or give VGG19_CORES"
        )
    return [list(cores[at * each : (at + 1) * each]) for at in range(num_instances)]


def splits(settings: Settings, cores: Sequence[int]) -> list[Split]:
    """Return what was asked for, or those to try: each way to share all cores in equal parts.

    Of many, the ones that differ most are kept, with one instance and one core among them.
    """
    if settings.num_instances != AUTO:
        return [split(cores, int(settings.num_instances), settings.cores_per_instance)]
    numbers = [each for each in range(1, len(cores) + 1) if len(cores) % each == 0]
    while len(numbers) > MOST_SPLITS:
        steps = [after / before for before, after in pairwise(numbers)]
        # The middle number between two that are closest, and neither the first nor the last.
        closest = min(range(1, len(steps)), key=lambda at: steps[at - 1] * steps[at])
        del numbers[closest]
    return [split(cores, each) for each in numbers]


def layout_of(instances: Split) -> Layout:
    """Return the record of a split."""
    return Layout(num_instances=len(instances), cores_per_instance=len(instances[0]))
