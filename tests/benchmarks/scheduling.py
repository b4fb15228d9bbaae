"""What `invoke submit` adds to what Slurm takes, by a real Slurm on this machine.

`python -m tests.benchmarks.scheduling [--times N] [--seconds N]`. The stages are stand-ins that
take no time, but for profile, which takes `--seconds` where kinds are sent at once and one after
the other. A job's overhead is all that the command took but from the job's submission to its end,
by Slurm, whose times are whole seconds.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from statistics import median
from unittest.mock import patch

from docker.submit import watching
from docker.submit.state import Job, Submit
from stages.common.text import aligned
from tests.slurm import site
from tests.slurm.cluster import KINDS, Slurm
from tests.slurm.site import Site

JOBS, LOOKS = 200, 3
HEAD = ("", "until sbatch", "Slurm's wait", "the job", "until the table", "overhead")
# What Slurm says of a job that runs.
SCONTROL = """\
#!/bin/sh
echo "JobId=1 JobState=RUNNING Reason=None ExitCode=0:0 NodeList=n1 StartTime=2026-01-01T00:00:00"
"""


def main() -> None:
    """Measure single jobs, kinds at once and one after the other, and the waiting; print all."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.scheduling")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # for munge, whose socket others would use, too
    try:
        with _slurm(_new(folder, "cluster")) as slurm:
            _print_jobs(slurm, folder, asked.times)
            _print_kinds(slurm, folder, asked.seconds)
        _print_waiting(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _slurm(folder: Path) -> Iterator[Slurm]:
    slurm = Slurm(folder)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _clone(folder: Path) -> Path:
    with patch.object(site, "FAST", site.SLOW):  # as users have it
        return site.make_clone(folder)


def _print_jobs(slurm: Slurm, folder: Path, times: int) -> None:
    clone = _clone(_new(folder, "jobs"))
    rows = [_job(Site(clone, slurm, _new(folder, f"job-{turn}"))) for turn in range(times)]
    named = [_in_words(f"job {number}", row) for number, row in enumerate(rows, start=1)]
    middle = [median(column) for column in zip(*rows, strict=True)]
    print(aligned([HEAD, *named, _in_words("median", middle)]), flush=True)


def _job(place: Site) -> list[float]:
    """Return the seconds of each part of one submit, as HEAD has them."""
    began = time.time()
    place.submit("spr")
    ended = time.time()
    (number,) = place.sent()
    fields = (place.slurm.field(number, f"{name}Time") for name in ("Submit", "Start", "End"))
    sent, started, over = (datetime.fromisoformat(field).timestamp() for field in fields)
    overhead = ended - began - (over - sent)
    return [sent - began, started - sent, over - started, ended - over, overhead]


def _in_words(name: str, row: Sequence[float]) -> list[str]:
    return [name, *(f"{seconds:.1f} s" for seconds in row)]


def _print_kinds(slurm: Slurm, folder: Path, seconds: int) -> None:
    clone = _clone(_new(folder, "kinds"))
    both = [_seconds(Site(clone, slurm, _new(folder, "once")), [",".join(KINDS)], seconds)]
    both += [_seconds(Site(clone, slurm, _new(folder, "turn")), KINDS, seconds)]
    shown = "at once {:.1f} s, one after the other {:.1f} s".format(*both)
    print(f"{len(KINDS)} kinds, each {seconds} s of profile: {shown}", flush=True)


def _seconds(place: Site, orders: Sequence[str], seconds: int) -> float:
    (place.acts / "seconds").write_text(str(seconds))
    began = time.monotonic()
    for kinds in orders:
        place.submit(kinds)
    return time.monotonic() - began


def _print_waiting(folder: Path) -> None:
    """Print which part of a core waiting for many jobs takes, by recorded answers of Slurm's."""
    programs = _new(folder, "programs")
    (programs / "scontrol").write_text(SCONTROL)
    (programs / "scontrol").chmod(0o755)
    jobs = [Job(kind=f"kind-{number}", name="a job", id="1") for number in range(JOBS)]
    submit = Submit(
        id="waiting", runner="local", settings={}, inputs={}, pending_limit=0, jobs=jobs
    )
    rests: list[float] = []

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == LOOKS:
            raise TimeoutError

    spent = watching.cpu_seconds()
    path = f"{programs}:{os.environ['PATH']}"
    with (
        open(os.devnull, "w") as nothing,
        redirect_stdout(nothing),
        patch.dict(os.environ, PATH=path),
        suppress(TimeoutError),
    ):
        watching.wait(folder, submit, sleep)
    spent = watching.cpu_seconds() - spent
    share = spent / sum(rests)
    each = f"a look takes {spent / LOOKS:.2f} s of a core, then {rests[-1]:.0f} s of rest"
    print(f"waiting for {JOBS} jobs: {each}: {share:.1%}", flush=True)


if __name__ == "__main__":
    main()
