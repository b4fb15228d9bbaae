"""What the harness costs: LoadGen's tests beside a bare loop over the same function.

`python -m tests.benchmarks.overhead ARTIFACTS [--rounds N]`, with the Python of a runtime. The
model's turns are interleaved, as in the profile stage; the ratio is LoadGen's rate over the bare
loop's, paired by round. The null backend does nothing, so its rate is the harness's own.
"""

import argparse
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median

from stages.artifacts import Artifacts
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.stats import interval
from stages.common.text import aligned
from stages.common.worker.client import WorkerProcess
from stages.common.worker.interleave import orders
from stages.common.worker.protocol import Job, LoadgenAnswer, LoadgenTest, Turn, TurnAnswer
from stages.precisions import INT8, get_precision
from stages.runtimes import get_runtime
from stages.settings import Settings

TIMEOUT_S = 900
SECONDS = 1.0
# What does nothing would else be asked for millions.
MAX_IMAGES = 4000
# Scenario and batch size, for models and for what does nothing.
CASES = (("single_stream", 1), ("offline", 8))
HEAD = ("backend", "scenario", "bare loop", "LoadGen", "ratio", "more ms a batch")


def main() -> None:
    """Measure a model and the null backend, and print both."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.overhead")
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--runtime", default="itex")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    artifacts, cores = Artifacts(asked.artifacts.resolve()), choose_cores("")
    int8 = artifacts.quantize(asked.runtime).model
    model = int8 if get_precision(asked.precision).model == INT8 else artifacts.train.model
    rows: list[tuple[str, ...]] = [HEAD]
    with holding(cores, "the overhead benchmark", Settings().locks):
        for name, backend in (
            (asked.runtime, get_runtime(asked.runtime).backend),
            ("null", "null"),
        ):
            job = Job(
                name=name,
                backend=backend,
                model=str(model),
                precision=asked.precision,
                images=str(artifacts.train.test),
                cores=cores,
            )
            rows += _rows(job, asked.rounds)
    print(aligned(rows))


def _rows(job: Job, rounds: int) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with WorkerProcess(job, log, TIMEOUT_S) as worker:
            return [_row(worker, case, rounds, Path(folder)) for case in CASES]


def _row(
    worker: WorkerProcess, case: tuple[str, int], rounds: int, folder: Path
) -> tuple[str, ...]:
    scenario, size = case
    expected = size / median(worker.ask(Turn(size, SECONDS), TurnAnswer).batch_seconds)
    ways = [_bare(worker, size), _loadgen(worker, scenario, size, expected, folder)]
    rates: list[list[float]] = [[], []]
    for order in islice(orders(2), rounds):
        for way in order:
            rates[way].append(ways[way]())
    shown = [interval(way_rates) for way_rates in rates]
    found = interval([tested / bare for bare, tested in zip(*rates, strict=True)])
    more = 1000 * size * (1 / shown[1].estimate - 1 / shown[0].estimate)
    return (
        worker.job.name,
        f"{scenario} at {size}",
        *(f"{rate.estimate:.2f}/s" for rate in shown),
        f"{found.estimate:.4f} ({found.low:.4f}-{found.high:.4f})",
        f"{more:.3f}",
    )


def _bare(worker: WorkerProcess, size: int) -> Callable[[], float]:
    def rate() -> float:
        seconds = worker.ask(Turn(size, SECONDS), TurnAnswer).batch_seconds
        return size * len(seconds) / sum(seconds)

    return rate


def _loadgen(
    worker: WorkerProcess, scenario: str, size: int, expected: float, folder: Path
) -> Callable[[], float]:
    batches = max(1, round(expected * SECONDS / size))
    asked = LoadgenTest(
        scenario=scenario,
        folder=str(folder / scenario),
        batch_size=size,
        min_duration_s=SECONDS if scenario == "single_stream" else 0.0,
        min_queries=1 if scenario == "single_stream" else min(MAX_IMAGES, size * batches),
    )
    return lambda: worker.ask(asked, LoadgenAnswer).rate_per_s


if __name__ == "__main__":
    main()
