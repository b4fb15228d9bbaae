"""A stand-in for the worker."""

from pathlib import Path
from typing import Any

from stages.measure.protocol import Job, OfflineAnswer, Ready
from tests.unit.records import measurement

LOGS = Path(__file__).parents[2] / "data" / "onednn"


class StandIn:
    """Answers like a worker that ran INT8 capped at AVX2; `asked` is all that it was asked.

    Each entry is the cap, whether oneDNN's log was on, and the request.
    """

    asked: list[tuple[str | None, bool, Any]]

    def __init__(
        self, job: Job, log: Path, timeout_s: float, *, isa: str | None, verbose: bool = False
    ) -> None:
        self.ready = Ready(cores=job.cores, load_seconds=2.0, versions={})
        self._isa, self._verbose, self._log = isa, verbose, log

    def __enter__(self) -> "StandIn":
        proof = (LOGS / "itex2150_int8-nopool_AVX2.txt").read_text()
        self._log.write_text(proof if self._verbose else "")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, request: Any, answer: type) -> Any:
        StandIn.asked.append((self._isa, self._verbose, request))
        figures = measurement(4.0)
        if answer is OfflineAnswer:
            return OfflineAnswer(offline=figures.offline, predictions=[1, 1, 0])
        return figures.single_stream
