"""A cell's instances at work together: the same test at the same time, and what came of it."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import msgspec

from stages.measure.interference import Interference, look
from stages.measure.protocol import Load, LoadAnswer, Ready, Warm, Warmed
from stages.profile.serving import serve
from stages.records.profile import Batches, Run

# Enough for all to have read their request.
START_DELAY_S = 0.02


class Instance(Protocol):
    """A worker that holds the cell, as a stages.measure.launch.Worker does."""

    @property
    def ready(self) -> Ready:
        """What it said when it was ready."""
        ...

    def __enter__(self) -> Any:
        """Start it."""
        ...

    def __exit__(self, *error: Any) -> None:
        """End it."""
        ...

    def send(self, request: Any) -> None:
        """Send a request."""
        ...

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        """Return the answer, which takes `lasting_s` by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which all instances ran: images per second in it, its share of all the time."""

    images_per_s: float
    overlap: float


class Team:
    """The instances of one cell; `name` is that of its folder of logs within `loads`."""

    def __init__(
        self, name: str, instances: Sequence[Instance], cores: list[int], loads: Path
    ) -> None:
        self.name, self._instances, self._cores, self._loads = name, instances, cores, loads
        self._warm: set[int] = set()

    def __enter__(self) -> "Team":
        with ExitStack() as stack:
            for each in self._instances:
                stack.enter_context(each)
            self._running = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.__exit__(kind, error, trace)

    @property
    def load_seconds(self) -> float:
        """The longest that an instance took to be ready."""
        return max(each.ready.load_seconds for each in self._instances)

    def classify(self, batch_size: int) -> tuple[LoadAnswer, str]:
        """Let the first instance classify each image once; also return the folder of the log."""
        log = f"{self.name}/accuracy"
        asked = Load(
            scenario="offline",
            folder=str(self._loads / log),
            batch_size=batch_size,
            accuracy=True,
        )
        (answer,) = self._all(self._instances[:1], [asked], LoadAnswer)
        return answer, log

    def run(self, asked: Load, number: int, lasting_s: float) -> Run:
        """Run a test as round `number`: offline all instances, in a single stream the first."""
        alone = asked.scenario == "single_stream"
        instances = self._instances[:1] if alone else self._instances
        logs = self._logs(f"{asked.scenario}-{number}", len(instances))
        self._all(instances, [Warm(asked.batch_size)] * len(instances), Warmed)
        before, start = look(self._cores), time.monotonic() + START_DELAY_S
        tests = [
            msgspec.structs.replace(asked, folder=str(self._loads / log), start_at_s=start)
            for log in logs
        ]
        answers = self._all(instances, tests, LoadAnswer, lasting_s)
        between = before.until(look(self._cores))
        return _run(number, answers, between, asked.batch_size, logs)

    def serve(self, asked: Load, images: int) -> dict[str, Any]:
        """Run a test of the server scenario, over a split of so many `images`, return its log."""
        for size in range(1, asked.batch_size + 1):
            if size not in self._warm:
                self._all(self._instances, [Warm(size)] * len(self._instances), Warmed)
                self._warm.add(size)
        folder = str(self._loads / asked.folder)
        return serve(self._instances, images, msgspec.structs.replace(asked, folder=folder))

    def _logs(self, name: str, instances: int) -> list[str]:
        """Return the folder of each instance's log."""
        if instances == 1:
            return [f"{self.name}/{name}"]
        return [f"{self.name}/{name}-of-{at}" for at in range(1, instances + 1)]

    def _all(
        self,
        instances: Sequence[Instance],
        requests: Sequence[Any],
        answer: type,
        lasting_s: float = 0.0,
    ) -> list[Any]:
        for instance, request in zip(instances, requests, strict=True):
            instance.send(request)
        return [instance.receive(answer, lasting_s) for instance in instances]


def _run(
    number: int,
    answers: Sequence[LoadAnswer],
    between: Interference,
    batch_size: int,
    logs: list[str],
) -> Run:
    instances = [
        Batches(log=log, seconds=answer.seconds, ended_s=answer.ended_s)
        for log, answer in zip(logs, answers, strict=True)
    ]
    window = together(instances, batch_size)
    return Run(
        round=number,
        valid=all(answer.valid for answer in answers),
        reasons=sorted({reason for answer in answers for reason in answer.reasons}),
        rate_per_s=answers[0].rate_per_s if len(answers) == 1 else window.images_per_s,
        overlap=window.overlap,
        steal=between.steal,
        throttle_events=between.throttle_events,
        clock_step_s=between.clock_step_s,
        instances=instances,
    )


def together(instances: Sequence[Batches], batch_size: int) -> Window:
    """Return what instances did while all of them ran, of a batch that was cut its part."""
    begins = [each.ended_s[0] - each.seconds[0] for each in instances]
    ends = [each.ended_s[-1] for each in instances]
    begin, end = max(begins), min(ends)
    length = max(0.0, end - begin)
    batches = sum(
        _part(ended - seconds, ended, begin, end)
        for each in instances
        for seconds, ended in zip(each.seconds, each.ended_s, strict=True)
    )
    return Window(
        images_per_s=batch_size * batches / length if length else 0.0,
        overlap=length / (max(ends) - min(begins)),
    )


def _part(begin: float, end: float, after: float, before: float) -> float:
    """Return the share of the time from `begin` to `end` that is within `after` to `before`."""
    within = min(end, before) - max(begin, after)
    return max(0.0, within) / (end - begin)
