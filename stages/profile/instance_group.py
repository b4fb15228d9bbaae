"""A cell's instances: the same test at the same time, and what came of it."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from stages.common.host.interference import Interference
from stages.common.host.interference import take_snapshot as look
from stages.common.worker.protocol import LoadgenAnswer as LoadAnswer
from stages.common.worker.protocol import LoadgenTest as Load
from stages.common.worker.protocol import Warm, Warmed, Worker
from stages.records.measure import Batches, Run

# Enough for all to have read their request.
START_DELAY_S = 0.02


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which all instances ran: images per second in it, its fraction of the time."""

    images_per_s: float
    overlap: float


class InstanceGroup:
    """The instances of one cell; `name` is that of its folder of logs within `loads`."""

    def __init__(
        self, name: str, instances: Sequence[Worker], cores: list[int], loads: Path
    ) -> None:
        self.name, self.instances, self.loads = name, instances, loads
        self._cores = cores
        self._warm: set[int] = set()

    def __enter__(self) -> "InstanceGroup":
        with ExitStack() as stack:
            for instance in self.instances:
                stack.enter_context(instance)
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
        return max(instance.ready.load_seconds for instance in self.instances)

    def classify(self, batch_size: int) -> tuple[LoadAnswer, str]:
        """Let the first instance classify each image once; also return the folder of the log."""
        log = f"{self.name}/accuracy"
        request = Load(
            scenario="offline",
            folder=str(self.loads / log),
            batch_size=batch_size,
            accuracy=True,
        )
        (answer,) = self._ask_all(self.instances[:1], [request], LoadAnswer)
        return answer, log

    def run(self, request: Load, number: int, lasting_s: float) -> Run:
        """Run a test as round `number`: offline all instances, in a single stream the first."""
        alone = request.scenario == "single_stream"
        instances = self.instances[:1] if alone else self.instances
        logs = self._logs(f"{request.scenario}-{number}", len(instances))
        self._ask_all(instances, [Warm(request.batch_size)] * len(instances), Warmed)
        before, start = look(self._cores), time.monotonic() + START_DELAY_S
        tests = [
            msgspec.structs.replace(request, folder=str(self.loads / log), start_at_s=start)
            for log in logs
        ]
        answers = self._ask_all(instances, tests, LoadAnswer, lasting_s)
        between = before.until(look(self._cores))
        return _run(number, answers, between, request.batch_size, logs)

    def warm_up(self, batch_size: int) -> None:
        """Let all instances run batches of this size, if they have not done so here yet."""
        if batch_size not in self._warm:
            self._ask_all(self.instances, [Warm(batch_size)] * len(self.instances), Warmed)
            self._warm.add(batch_size)

    def _logs(self, name: str, instances: int) -> list[str]:
        """Return the folder of each instance's log."""
        if instances == 1:
            return [f"{self.name}/{name}"]
        return [f"{self.name}/{name}-of-{number}" for number in range(1, instances + 1)]

    def _ask_all(
        self,
        instances: Sequence[Worker],
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
    """Return what instances did while all of them ran; a batch that was cut counts in part."""
    begins = [batches.ended_s[0] - batches.seconds[0] for batches in instances]
    ends = [batches.ended_s[-1] for batches in instances]
    begin, end = max(begins), min(ends)
    length = max(0.0, end - begin)
    batches_within = sum(
        _part(ended - seconds, ended, begin, end)
        for batches in instances
        for seconds, ended in zip(batches.seconds, batches.ended_s, strict=True)
    )
    return Window(
        images_per_s=batch_size * batches_within / length if length else 0.0,
        overlap=length / (max(ends) - min(begins)),
    )


def _part(begin: float, end: float, after: float, before: float) -> float:
    """Return which fraction of the time from `begin` to `end` is within `after` to `before`."""
    within = min(end, before) - max(begin, after)
    return max(0.0, within) / (end - begin)
