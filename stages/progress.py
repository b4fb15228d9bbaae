"""Progress of a stage: which step it is at and what is left, as a bar or as lines."""

import sys
import time
from typing import TextIO

LINE_INTERVAL_S = 10.0
BAR_INTERVAL_S = 0.2


class Progress:
    """Prints `[stage 2/5] step ... done/total, about N s left`.

    On a terminal the current step is one line that is redrawn; elsewhere (a container's log)
    it is a line when the step begins and one at most every ten seconds. With steps that are
    `alike`, each step's line tells from those before how long the rest will take.
    """

    def __init__(
        self, stage: str, steps: int, *, alike: bool = False, stream: TextIO | None = None
    ) -> None:
        self._stage, self._steps, self._alike = stage, steps, alike
        self._stream = stream or sys.stdout
        self._bar = self._stream.isatty()
        self._index, self._title = 0, ""
        self._started = self._began = self._printed = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar and self._index:
            self._stream.write("\n")
            self._stream.flush()

    def step(self, title: str) -> None:
        """Begin the next step."""
        if self._bar and self._index:
            self._stream.write("\n")
        self._index, self._title = self._index + 1, title
        self._began = self._printed = time.monotonic()
        self._write(self._rest())

    def expect(self, steps: int) -> None:
        """Tell that so many more steps will come than were known of, or fewer."""
        self._steps += steps

    def update(self, done: int, total: int) -> None:
        """Tell that `done` of the current step's `total` parts are finished."""
        now = time.monotonic()
        interval = BAR_INTERVAL_S if self._bar else LINE_INTERVAL_S
        if now - self._printed < interval:
            return
        self._printed = now
        left = (now - self._began) * (total - done) / max(done, 1)
        self._write(f": {done}/{total}, about {left:.0f} s left")

    def note(self, text: str) -> None:
        """Print a line that stays, within the current step."""
        clear = "\r\x1b[K" if self._bar else ""
        self._stream.write(f"{clear}[{self._stage}]   {text}\n")
        if self._bar:
            self._write("")
        self._stream.flush()

    def _rest(self) -> str:
        done = self._index - 1
        if not self._alike or not done:
            return ""
        left = (self._began - self._started) / done * (self._steps - done)
        return f" (about {left / 60:.0f} min left)"

    def _write(self, suffix: str) -> None:
        line = f"[{self._stage} {self._index}/{self._steps}] {self._title}{suffix}"
        self._stream.write(f"\r\x1b[K{line}" if self._bar else f"{line}\n")
        self._stream.flush()
