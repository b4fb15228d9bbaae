"""What the project makes of other architectures than VGG19: accuracy, and speed beside OpenVINO.

`python -m tests.benchmarks.families FOLDER [--families NAME...] [--runner local|docker]
[--isas CAP] [--output FILE]`, with the Python of `invoke`: classifiers of Keras' architectures are
trained from random weights on the drawn leaves, minutes each, and kept in FOLDER for the next run;
that takes the Python of train, as `invoke train --runner local` makes it. Then `invoke pipeline`
and `invoke peers` run on each as for a user, but with few precisions, one cap and one batch size,
so that a family takes minutes; variables such as VGG19_TOLERABLE_LOSS set what else there is. What
they print is in FOLDER/NAME.log, and the table is what the records say.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.local_runner import VENVS
from docker.paths import ROOT
from stages.artifacts import Artifacts
from stages.errors import AccuracyBoundError
from stages.settings import env_name
from tests.benchmarks.family_names import FAMILIES
from tests.benchmarks.family_outcome import BATCH_SIZE, OURS, Outcome, table

PIPELINE = ("--precisions", "fp32,int8", "--no-bf16", "--max-trials", "6", "--time-budget", "60")
PEERS = ("--batch-sizes", str(BATCH_SIZE))
# Where no INT8 keeps the usual bound, its speed is that of the fastest without one.
NO_BOUND = ("--tolerable-loss", "0.99")

# What stands in the line that says why a task failed.
ERROR = ": error: "


def main() -> None:
    """Make, run and show the families that are asked for."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.families")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=[*FAMILIES])
    parser.add_argument("--runner", choices=("local", "docker"), default="local")
    parser.add_argument("--isas", default="AVX512_CORE_VNNI", help="the cap that profile measures")
    parser.add_argument("--output", type=Path, help="JSON file to write, after each family")
    asked = parser.parse_args()
    outcomes: list[Outcome] = []
    for family in asked.families:
        model = _made(family, asked.folder.absolute())
        outcomes.append(_run(family, model, asked.runner, asked.isas))
        print(table(outcomes), flush=True)
        if asked.output:
            figures = [outcome.as_json() for outcome in outcomes]
            asked.output.write_text(json.dumps(figures, indent=2))


def _made(family: str, folder: Path) -> Path:
    """Return the file of a family's classifier, which is made and trained if it is not there."""
    file = folder / f"{family}.keras"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = VENVS[OURS][0] / "bin" / "python"
        if not python.exists():
            sys.exit(f"{python} is missing; run `invoke train --runner local` first")
        maker = [str(python), "-m", "tests.benchmarks.family_models", family, str(file)]
        subprocess.run([*maker, "--cache", str(folder / ".cache")], cwd=ROOT, check=True)
    return file


def _run(family: str, model: Path, runner: str, isas: str) -> Outcome:
    """Run the project's tasks on a classifier, and return what came of it."""
    root = model.with_suffix("")
    common = ("--runner", runner)
    pipeline = ("pipeline", "--model", str(model), "--isas", isas, *PIPELINE, *common)
    log = model.with_suffix(".log")
    log.unlink(missing_ok=True)
    refusals: list[str] = []
    code = _invoke(pipeline, root, log, refusals)
    is_bound_met = code != AccuracyBoundError.exit_code
    if not is_bound_met:
        _invoke((*pipeline, *NO_BOUND), root, log, refusals)
    if Artifacts(root).quantize(OURS).record.exists():
        _invoke(("peers", *PEERS, *common), root, log, refusals)
    return Outcome.of(family, root, refusals, is_bound_met=is_bound_met)


def _invoke(arguments: Sequence[str], root: Path, log: Path, refusals: list[str]) -> int:
    """Run a task and return its exit code; if it fails, the cause is added to `refusals`."""
    print(f"{root.name}: invoke {arguments[0]}; its lines go to {log}", flush=True)
    environ = {**os.environ, env_name("artifacts"): str(root)}
    argv = [sys.executable, "-m", "invoke", *arguments]
    with log.open("a") as file:
        done = subprocess.run(argv, cwd=ROOT, env=environ, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = log.read_text().splitlines() or [""]
        refusals.append(([line for line in lines if ERROR in line] or lines)[-1])
    return done.returncode


if __name__ == "__main__":
    main()
