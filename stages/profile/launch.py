"""Starts a pinned measuring process and brings its result back, or says why there is none."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from stages.errors import PinningError, WorkerError
from stages.profile.cores import numactl_command
from stages.profile.environment import worker_environment
from stages.profile.plan import PlannedCell
from stages.profile.worker import Job, Outcome

TAIL_LINES = 20


def run_worker(cell: PlannedCell, job: Job, log: Path, timeout_s: float) -> Outcome:
    """Run `job` for `cell` under numactl; everything it prints goes to `log`.

    Raises WorkerError where it dies, hangs or returns nothing readable, PinningError where it
    ran on other cores than asked.
    """
    command = [*numactl_command(job.cores), sys.executable, "-m", "stages.profile.worker"]
    environment = worker_environment(
        os.environ, cell.precision, cell.isa, len(job.cores), verbose=job.prove
    )
    Path(job.result).unlink(missing_ok=True)
    encoded = msgspec.json.encode(job).decode()
    with log.open("wb") as stream:
        _run(cell, [*command, encoded], environment, stream.fileno(), timeout_s, log)
    outcome = _read_outcome(cell, Path(job.result), log)
    if outcome.cores != job.cores:
        raise PinningError(f"{cell.name} ran on cores {outcome.cores}, not on {job.cores}")
    return outcome


def _run(
    cell: PlannedCell,
    command: list[str],
    environment: dict[str, str],
    output: int,
    timeout_s: float,
    log: Path,
) -> None:
    try:
        done = subprocess.run(
            command, env=environment, stdout=output, stderr=output, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise WorkerError(
            f"measuring {cell.name} took over {timeout_s:g} s and was ended; "
            "raise VGG19_WORKER_TIMEOUT_S or leave the cell out"
        ) from None
    if done.returncode:
        raise _failure(cell, f"ended with code {done.returncode}", log)


def _read_outcome(cell: PlannedCell, result: Path, log: Path) -> Outcome:
    try:
        return msgspec.json.decode(result.read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError):
        raise _failure(cell, "returned no readable result", log) from None


def _failure(cell: PlannedCell, what: str, log: Path) -> WorkerError:
    tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    print("\n".join(tail), file=sys.stderr)
    return WorkerError(f"measuring {cell.name} {what}; the lines above are the end of its output")
