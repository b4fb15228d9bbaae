"""The instances of a cell, which all run the same test at the same time."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from stages.common.host.interference import Snapshot, take_snapshot
from stages.common.worker.protocol import (
    LoadgenAnswer,
    LoadgenTest,
    Turn,
    TurnAnswer,
    Warm,
    Warmed,
    Worker,
)
from stages.profile.run_record import LoadGenResult, run_record
from stages.records.measure import Batches, Interference, Run

# Enough for all instances to have read their request.
START_DELAY_S = 0.02


class InstanceGroup:
    """The instances of one cell; `name` is that of its folder of logs within `loadgen_logs`."""

    def __init__(self, name: str, instances: Sequence[Worker], loadgen_logs: Path) -> None:
        self.name, self.instances, self.loadgen_logs = name, instances, loadgen_logs
        self._warm_sizes: set[int] = set()

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

    def named(self, name: str) -> "InstanceGroup":
        """Return the same instances, which this group runs, with a folder of logs of its own."""
        return InstanceGroup(name, self.instances, self.loadgen_logs)

    def wait(self) -> None:
        """Wait until all instances have loaded their model."""
        for instance in self.instances:
            instance.wait()

    @property
    def load_seconds(self) -> float:
        """The time that the slowest instance took to be ready."""
        return max(instance.ready.load_seconds for instance in self.instances)

    @property
    def accuracy_log(self) -> str:
        """The folder within `loadgen_logs` of the log of what `classify` asks."""
        return f"{self.name}/accuracy"

    def classify(self, batch_size: int) -> LoadgenAnswer:
        """Let the first instance classify each image once."""
        request = LoadgenTest(
            scenario="offline",
            folder=str(self.loadgen_logs / self.accuracy_log),
            batch_size=batch_size,
            accuracy=True,
        )
        answer: LoadgenAnswer
        (answer,) = self._ask_all(self.instances[:1], [request], LoadgenAnswer)
        return answer

    def rate(self, batch_size: int) -> float:
        """Return the images per second of the first instance, by one batch after a warm-up."""
        turn = Turn(batch_size=batch_size, min_duration_s=0.0)
        answer: TurnAnswer
        (answer,) = self._ask_all(self.instances[:1], [turn], TurnAnswer)
        return batch_size / min(answer.batch_seconds)

    def run(self, request: LoadgenTest, number: int, lasting_s: float, again: int = 0) -> Run:
        """Run a test as round `number`, and return its record.

        Offline all instances run it, in a single stream the first one alone. It is expected to
        last `lasting_s`; the worker's timeout begins after that. `again` says how often it ran in
        this round before.
        """
        single = request.scenario == "single_stream"
        instances = self.instances[:1] if single else self.instances
        turn = f"{request.scenario}-{number}{f'-again-{again}' if again else ''}"
        logs = self._logs(turn, len(instances))
        self._ask_all(instances, [Warm(request.batch_size)] * len(instances), Warmed)
        before, start = _snapshot(instances), time.monotonic() + START_DELAY_S
        tests = [
            msgspec.structs.replace(request, folder=str(self.loadgen_logs / log), start_at_s=start)
            for log in logs
        ]
        answers = self._ask_all(instances, tests, LoadgenAnswer, lasting_s)
        interference = before.until(_snapshot(instances))
        return _record(number, answers, logs, interference, request.batch_size)

    def warm_up(self, batch_size: int) -> None:
        """Let all instances run batches of this size, unless they have done so here before."""
        if batch_size not in self._warm_sizes:
            self._ask_all(self.instances, [Warm(batch_size)] * len(self.instances), Warmed)
            self._warm_sizes.add(batch_size)

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


def _snapshot(instances: Sequence[Worker]) -> Snapshot:
    """Return the counters of the instances, and of the cores that they have."""
    cores = [core for instance in instances for core in instance.ready.cores]
    return take_snapshot(cores, [instance.process for instance in instances])


def _record(
    number: int,
    answers: Sequence[LoadgenAnswer],
    logs: Sequence[str],
    interference: Interference,
    batch_size: int,
) -> Run:
    instances = [
        Batches(log=log, seconds=answer.seconds, ended_s=answer.ended_s)
        for log, answer in zip(logs, answers, strict=True)
    ]
    results = [LoadGenResult(answer.reasons, answer.rate_per_s) for answer in answers]
    return run_record(number, instances, results, interference, batch_size)
