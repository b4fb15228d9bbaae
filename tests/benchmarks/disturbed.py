"""Whether profile ends with an answer, and with the same one, beside programs that take its cores.

`python -m tests.benchmarks.disturbed ARTIFACTS [--quiet N] [--half N] [--both N] [--output FILE]`,
with the Python of `invoke`, where train and quantize have ended well: runs `invoke profile` on a
copy of ARTIFACTS, some of the runs quiet, some beside a process that loads a core half of the
time, some beside two that load two cores. The runs are in random order; what is known of cells
from the first is used by all later ones, as it is for a user who measures again.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from docker.paths import ROOT
from stages.artifacts import Artifacts, read_record
from stages.common.stats import spread
from stages.common.summaries import summaries
from stages.common.text import aligned
from stages.records.base import Interval
from stages.records.profile import ProfileRecord
from stages.records.rounds import SCENARIOS
from stages.settings import env_name

PERIOD_S = 0.1
HALF = f"""
import time
while True:
    end = time.monotonic() + {PERIOD_S / 2}
    while time.monotonic() < end: pass
    time.sleep({PERIOD_S / 2})
"""
ALWAYS = "while True: pass"
# By condition, the programs that run beside profile.
BESIDE = {"quiet": (), "half": (HALF,), "both": (ALWAYS, ALWAYS)}
HEAD = (
    *("beside", "runs", "trusted", "refused", "seconds", "rounds", "disturbed turns"),
    *("INT8/FP32", "half-width", "furthest from quiet"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of profile ended; `ratio` is INT8's throughput over FP32's, with its interval."""

    condition: str
    code: int
    seconds: float
    trusted: bool
    ratio: tuple[float, float, float]
    rounds: int
    turns: int
    disturbed: int
    last_line: str

    @property
    def half_width(self) -> float:
        """Half of the interval's width, as a fraction of the ratio."""
        estimate, low, high = self.ratio
        return spread(Interval(estimate=estimate, low=low, high=high))


def main() -> None:
    """Run profile under all conditions, in turn, and print what came of it."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.disturbed")
    parser.add_argument("artifacts", type=Path)
    for name, count in (("quiet", 6), ("half", 10), ("both", 4)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--output", type=Path, help="JSON file to write, after each run")
    asked = parser.parse_args()
    plan = [name for name in BESIDE for _ in range(getattr(asked, name))]
    random.Random(0).shuffle(plan)
    endings: list[Ending] = []
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(asked.artifacts, Path(folder, "artifacts"), symlinks=True)
        for condition in plan:
            endings.append(_run(condition, root))
            print(endings[-1], flush=True)
            if asked.output:
                asked.output.write_text(json.dumps([asdict(ending) for ending in endings]))
    print(aligned([HEAD, *_rows(endings)]))


def _run(condition: str, root: Path) -> Ending:
    shutil.rmtree(root / "profile", ignore_errors=True)
    argv = [sys.executable, "-m", "invoke", "profile"]
    environ = {**os.environ, env_name("artifacts"): str(root)}
    with _beside(BESIDE[condition]):
        began = time.monotonic()
        done = subprocess.run(argv, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - began
    folder = Artifacts(root).profile("itex")
    record = read_record(folder.record, ProfileRecord) if folder.record.exists() else None
    return _ending(condition, done, seconds, record)


def _ending(
    condition: str,
    done: "subprocess.CompletedProcess[str]",
    seconds: float,
    record: ProfileRecord | None,
) -> Ending:
    last_line = (done.stdout.splitlines() or [""])[-1]
    if record is None:  # refused
        return Ending(condition, done.returncode, seconds, False, (0, 0, 0), 0, 0, 0, last_line)
    _, int8 = summaries(record)
    runs = [
        run
        for cell in record.cells
        if cell.measurement
        for scenario in SCENARIOS
        for run in cell.measurement.runs(scenario)
    ]
    ratio = int8.throughput_speedup or Interval(estimate=0, low=0, high=0)
    return Ending(
        condition=condition,
        code=done.returncode,
        seconds=seconds,
        trusted=int8.trusted,
        ratio=(ratio.estimate, ratio.low, ratio.high),
        rounds=int8.rounds["offline"],
        turns=len(runs),
        disturbed=sum(bool(run.disturbed_by) for run in runs),
        last_line=last_line,
    )


@contextmanager
def _beside(programs: Sequence[str]) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _rows(endings: Sequence[Ending]) -> Iterator[tuple[str, ...]]:
    quiet = [it.ratio[0] for it in endings if it.condition == "quiet" and it.trusted]
    for condition in BESIDE:
        own = [ending for ending in endings if ending.condition == condition]
        if own:
            yield _row(condition, own, median(quiet) if quiet else 0.0)


def _row(condition: str, endings: Sequence[Ending], quiet: float) -> tuple[str, ...]:
    trusted = [ending for ending in endings if ending.trusted]
    ratios = [ending.ratio[0] for ending in trusted]
    furthest = max((abs(ratio / quiet - 1) for ratio in ratios), default=0) if quiet else 0
    turns = sum(ending.turns for ending in endings)
    return (
        condition,
        str(len(endings)),
        str(len(trusted)),
        str(sum(not ending.turns for ending in endings)),
        f"{median(ending.seconds for ending in endings):.0f}",
        f"{median(ending.rounds for ending in endings):.0f}",
        f"{sum(ending.disturbed for ending in endings)} of {turns}",
        f"{median(ratios):.3f}x" if ratios else "-",
        f"{max(ending.half_width for ending in trusted):.1%}" if trusted else "-",
        f"{furthest:.1%}" if ratios else "-",
    )


if __name__ == "__main__":
    main()
