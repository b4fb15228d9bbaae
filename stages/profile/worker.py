"""One measurement in a process of its own, started pinned and with its environment complete.

`python -m stages.profile.worker JOB`: JOB is a Job as JSON. The result goes to the file that
the job names, never to the output, which belongs to oneDNN's log.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stages.profile.scenarios import offline, single_stream
from stages.records import Measurement
from stages.runtime import Infer, accuracy_top1, load_model, predict, tensors
from stages.samples import Samples, load_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker measures: paths are absolute, `cores` are those it must find itself on."""

    model: str
    test: str
    result: str
    cores: list[int]
    batch_size: int
    min_duration_s: float
    min_queries: int
    prove: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a worker hands back; a proof run has no measurement, its result is its log."""

    cores: list[int]
    measurement: Measurement | None = None


def main() -> None:
    """Do the job and write its Outcome."""
    job = msgspec.json.decode(sys.argv[1], type=Job)
    # Before OpenMP binds this thread to one of them.
    cores = sorted(os.sched_getaffinity(0))
    samples = load_samples(Path(job.test))
    began = time.perf_counter()
    infer = load_model(job.model)
    batches = tensors(samples, job.batch_size)
    infer(batches[0])
    load_seconds = time.perf_counter() - began
    if job.prove:
        predict(infer, batches[:1])
        outcome = Outcome(cores=cores)
    else:
        outcome = Outcome(
            cores=cores, measurement=measure(job, infer, samples, batches, load_seconds)
        )
    Path(job.result).write_bytes(msgspec.json.encode(outcome))


def measure(
    job: Job, infer: Infer, samples: Samples, batches: list[Any], load_seconds: float
) -> Measurement:
    """Run both scenarios after a warm-up of each, and score the whole test split."""
    full = [batch for batch in batches if len(batch) == job.batch_size]
    predict(infer, full[:1])
    throughput, predictions = offline(infer, full, job.min_duration_s)
    predictions += predict(infer, batches[len(full) :])
    singles = tensors(samples, 1)
    predict(infer, singles[:2])
    latency = single_stream(infer, singles, job.min_duration_s, job.min_queries)
    return Measurement(
        offline=throughput,
        single_stream=latency,
        accuracy_top1=accuracy_top1(predictions, samples),
        predictions=predictions,
        load_seconds=load_seconds,
    )


if __name__ == "__main__":
    main()
