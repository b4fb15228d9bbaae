"""Progress of a stage: its current step and the time left, as a bar or as lines."""

import os
import sys
import time
from collections.abc import Iterable
from typing import TextIO

from stages.program.clock import time_of_day
from stages.program.streams import redraws

LINE_INTERVAL_S = 10.0
BAR_INTERVAL_S = 0.2
# Set by who shows the output of a container, which has no terminal, on one.
TERMINAL = "STAGES_TERMINAL"


class Progress:
    """Prints `14:03:07 [stage 2/5] step: done/total, about N s left`.

    `steps` are the names of the steps that will come, as far as they are known; a step that was
    not expected is counted when it begins. On a terminal the current step is one line that is
    redrawn; elsewhere, as in a container's log, it is a line when the step begins and then at
    most one every ten seconds.
    """

    def __init__(
        self, stage: str, steps: Iterable[str] = (), *, stream: TextIO | None = None
    ) -> None:
        self._stage, self._expected = stage, list(steps)
        self._given = stream
        self._bar = redraws(self._stream) or bool(os.environ.get(TERMINAL))
        self._index, self._title = 0, ""
        self._began = self._printed = time.monotonic()

    @property
    def _stream(self) -> TextIO:
        """What is standard output now, if no other was given: it may be led elsewhere meanwhile."""
        return self._given or sys.stdout

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar and self._index:
            self._stream.write("\n")
            self._stream.flush()

    def expect(self, steps: Iterable[str]) -> None:
        """Count further steps that will come."""
        self._expected += steps

    def drop(self, steps: Iterable[str]) -> None:
        """Stop counting steps that were expected; ValueError if one was not."""
        for name in steps:
            self._expected.remove(name)

    def step(self, name: str, title: str = "") -> None:
        """Begin the next step, shown by its title if it has one beside its name."""
        if self._bar and self._index:
            self._stream.write("\n")
        if name in self._expected:
            self._expected.remove(name)
        self._index, self._title = self._index + 1, title or name
        self._began = self._printed = time.monotonic()
        self._write("")

    def begin_parts(self) -> None:
        """Count the time of the current step's parts from now on, without what led up to them."""
        self._began = time.monotonic()

    def update(self, done: int, total: int) -> None:
        """Show that `done` of the current step's `total` parts are finished; 0 is not known."""
        if not total:
            self.show(str(done))
            return
        left = (time.monotonic() - self._began) * (total - done) / max(done, 1)
        self.show(f"{done}/{total}, about {left:.0f} s left")

    def show(self, text: str) -> None:
        """Show how far the current step is, unless something was shown just before."""
        now = time.monotonic()
        interval = BAR_INTERVAL_S if self._bar else LINE_INTERVAL_S
        if now - self._printed >= interval:
            self._printed = now
            self._write(f": {text}")

    def note(self, text: str) -> None:
        """Print a line that stays, within the current step."""
        clear = "\r\x1b[K" if self._bar else ""
        self._stream.write(f"{clear}{time_of_day()} [{self._stage}]   {text}\n")
        if self._bar:
            self._write("")
        self._stream.flush()

    def _write(self, suffix: str) -> None:
        total = self._index + len(self._expected)
        line = f"{time_of_day()} [{self._stage} {self._index}/{total}] {self._title}{suffix}"
        self._stream.write(f"\r\x1b[K{line}" if self._bar else f"{line}\n")
        self._stream.flush()
