"""What all ways to make the folder that the quantize stage reads have in common."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stages.common.progress import Progress
from stages.stage_folders import TrainFolder
from stages.train.splits import Splits


@dataclass
class StepTimer:
    """Shows each step's progress, and keeps how many seconds it took, by its name."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Show a step by its title, and keep by its name how long it took."""
        self.progress.step(name, title)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)

    def counter(self, total: int) -> Callable[[int], None]:
        """Return a function to call with the number of further parts of the step that are done."""
        done = 0

        def add_done(more: int) -> None:
            nonlocal done
            done += more
            self.progress.update(done, total)

        return add_done


def save_splits(splits: Splits, paths: TrainFolder) -> None:
    """Write the three splits that later stages read."""
    splits.calibration.save(paths.calibration)
    splits.validation.save(paths.validation)
    splits.test.save(paths.test)
