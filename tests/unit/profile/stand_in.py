"""A stand-in for the worker."""

import os
from pathlib import Path
from typing import Any

import pytest

from stages.common.host.interference import take_snapshot
from stages.common.host.memory import Footprint
from stages.common.worker.protocol import (
    Job,
    LoadgenAnswer,
    Ready,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
    Warm,
    Warmed,
)
from stages.records.measure import NodeTime
from tests.unit.records import NOT_COUNTED

LOGS = Path(__file__).parents[2] / "data" / "onednn"
PREDICTIONS = [1, 1, 0]
TRACED_MS = 5000.0


def quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing disturb a turn, whatever else runs beside the tests."""
    quiet = take_snapshot([])
    for module in ("instance_group", "cell_workers"):
        monkeypatch.setattr(f"stages.profile.{module}.take_snapshot", lambda *_: quiet)


def slow_to_load(monkeypatch: pytest.MonkeyPatch, *, load_s: float, turn_s: float) -> None:
    """Let the clock stand, but while a worker starts, and while one runs a test of LoadGen."""
    now = [0.0]
    started, answered = StandIn.__enter__, StandIn.receive

    def start(worker: StandIn) -> StandIn:
        now[0] += load_s
        return started(worker)

    def receive(worker: StandIn, answer: type, lasting_s: float = 0.0) -> Any:
        now[0] += turn_s if answer is LoadgenAnswer else 0.0
        return answered(worker, answer, lasting_s)

    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(StandIn, "__enter__", start)
    monkeypatch.setattr(StandIn, "receive", receive)


class StandIn:
    """Answers like a worker that ran INT8 capped at AVX2.

    `asked` are all requests, each with the number of the worker, its cap, and whether oneDNN's log
    was on. `waited` has, for each time that one was waited for, how many were alive. The last that
    was started `loads_alone` if it is waited for at once.
    """

    asked: list[tuple[int, str | None, bool, Any]]
    started: int
    alive: int
    waited: list[int]
    peak: int
    loads_alone: bool
    batch_s = 0.5
    process = os.getpid()

    @classmethod
    def reset(cls) -> None:
        """Forget what was asked."""
        cls.asked, cls.waited, cls.started, cls.alive, cls.peak = [], [], 0, 0, 1000

    def __init__(
        self,
        job: Job,
        log: Path,
        timeout_s: float,
        *,
        isa: str | None,
        verbose: bool = False,
        waiting: bool = True,
    ) -> None:
        self.ready = Ready(cores=job.cores, load_seconds=2.0, versions={})
        self._isa, self._verbose, self._log = isa, verbose, log
        StandIn.started += 1
        StandIn.loads_alone = waiting
        self.number = StandIn.started

    def __enter__(self) -> "StandIn":
        StandIn.alive += 1
        proof = (LOGS / "itex2150_int8-nopool_AVX2.txt").read_text()
        self._log.write_text(proof if self._verbose else "")
        return self

    def __exit__(self, *_: object) -> None:
        StandIn.alive -= 1

    def ask(self, request: Any, answer: type, lasting_s: float = 0.0) -> Any:
        self.send(request)
        return self.receive(answer)

    def wait(self) -> Ready:
        StandIn.waited.append(StandIn.alive)
        return self.ready

    def footprint(self) -> Footprint:
        return Footprint(StandIn.peak, StandIn.peak // 2)

    def send(self, request: Any) -> None:
        StandIn.asked.append((self.number, self._isa, self._verbose, request))
        self._request = request

    @property
    def tracing(self) -> bool:
        """True if what was asked for last is a trace."""
        return isinstance(self._request, Trace)

    def receive(self, answer: type, lasting_s: float = 0.0) -> Any:
        match self._request:
            case Warm():
                return Warmed()
            case Trace():
                # A log without timestamps says 0 for the start of each.
                return TraceAnswer(nodes=[NodeTime("all", 0.0, TRACED_MS)], amx_busy=NOT_COUNTED)
            case Turn():
                return TurnAnswer(batch_seconds=[self.batch_s])
        folder = Path(self._request.folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").write_text(f"of worker {self.number}")
        return LoadgenAnswer(
            valid=True,
            reasons=[],
            rate_per_s=4.0,
            seconds=[0.25, 0.5],
            ended_s=[100.25, 100.75],
            predictions=PREDICTIONS if self._request.accuracy else [],
        )
