"""`invoke publish`: the table of results as Parquet, and measurements as runs of MLflow.

What takes packages for that is run by the Python of an environment of its own, as no stage needs
them, and not everybody who measures wants them.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from docker.share.answers import lines_of
from docker.share.machines import Given, opened, read_given, require_trusted
from docker.share.output import agree_to_replace, require_writable, written_whole
from docker.share.scripts import run_script
from docker.share.tracking import (
    Tracking,
    experiment_of,
    place_of_runs,
)
from docker.standing import from_here
from stages import __version__
from stages.errors import (
    InputMissingError,
    SettingsError,
)
from stages.machines.machine import Machine, distinct
from stages.machines.tracked import KEY, TrackedRun, runs_of
from stages.program.printable import printable
from stages.records.summary import COLUMNS

PROGRAM = "publish"
# Among a Parquet file's own metadata, by which ours is known.
MARK, MAGIC, TAIL_BYTES = "vgg19_version", b"PAR1", 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What MLflow may take: seconds for one call and for all, and bytes of memory.

    A server could answer for ever, byte by byte or without end. What is not made in time is made
    when this is run again.
    """

    call_s: float = 120
    all_s: float = 1800
    memory_bytes: int = 2**30


LIMITS = Limits()
# Seconds beyond which it is killed that does not end by itself.
GRACE_S = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What is given on the command line, each text empty if it is not."""

    machines: Sequence[str]
    parquet: str = ""
    mlflow: bool = False
    tracking_uri: str = ""


def publish(asked: Asked, artifacts: Path) -> Iterator[str]:
    """Yield a line for each thing that was published, of the machines or, without any, `artifacts`.

    Raises NotTrustedError at the end if what was measured is in doubt as a whole, and is published
    as such; before, SettingsError, NotWritableError, VenvError without the packages, DownloadError
    if a server does not take it, and what `opened` raises.
    """
    given, tracks = _given(asked, artifacts), asked.mlflow or bool(asked.tracking_uri)
    output = _output(asked, [artifacts, *(one.path for one in given)])
    if not (output or tracks):
        raise SettingsError("publish needs to know where to; give --parquet FILE, or --mlflow")
    place = place_of_runs(asked.tracking_uri, artifacts) if tracks else None
    experiment = experiment_of() if tracks else ""
    with ExitStack() as stack:
        found = [stack.enter_context(opened(one, PROGRAM)) for one in given]
        machines = distinct([machine for machine, _ in found])
        _require_apart(machines)
        if output:
            yield from _write(machines, output)
        if place:
            runs = [runs_of(*pair) for pair in zip(machines, (it for _, it in found), strict=True)]
            yield from _track([*chain(*runs)], place, experiment)
    require_trusted(machines)


def _given(asked: Asked, artifacts: Path) -> list[Given]:
    """Return what is to be published; InputMissingError if nothing is named, and nothing there."""
    if asked.machines:
        return [read_given(text) for text in asked.machines]
    if not artifacts.is_dir():
        raise InputMissingError(f"{artifacts} is missing; run the pipeline first, or name a bundle")
    return [Given("", artifacts)]


def _output(asked: Asked, folders: Sequence[Path]) -> Path | None:
    """Return the file to write, None if none is asked for; it may be in none of the folders."""
    if not asked.parquet:
        return None
    output = from_here(asked.parquet)
    for folder in folders:
        require_writable(output, folder)
    return output


def _require_apart(machines: Sequence[Machine]) -> None:
    """Raise SettingsError if one measurement is given twice, be it as a folder and as a bundle."""
    names: dict[str, str] = {}
    for machine in machines:
        for measured in machine.runtimes.values():
            other = names.setdefault(measured.sha256, machine.name)
            if other != machine.name:
                raise SettingsError(
                    f"{other} and {machine.name} are one measurement; give one of them"
                )


def _write(machines: Sequence[Machine], output: Path) -> Iterator[str]:
    """Write the rows of all machines as Parquet; yield what is to be said of it."""
    replaced = agree_to_replace(output, _is_ours, "--parquet")
    rows = [dict(row) for machine in machines for row in machine.table]
    document = {
        "columns": [asdict(column) for column in COLUMNS],
        "rows": rows,
        "metadata": {MARK: __version__},
    }
    with written_whole(output) as part:
        run_script("parquet", {**document, "path": str(part)}, {})
    yield from (
        f"{PROGRAM}: {line}"
        for line in [*replaced, f"{len(rows)} cells in {printable(str(output))}"]
    )


def _is_ours(path: Path) -> bool:
    """Return whether a file is a table as Parquet that this wrote."""
    with path.open("rb") as stream:
        magic, size = stream.read(len(MAGIC)), path.stat().st_size
        stream.seek(max(0, size - TAIL_BYTES))
        return magic == MAGIC and MARK.encode() in stream.read()


def _track(runs: Sequence[TrackedRun], tracking: Tracking, experiment: str) -> Iterator[str]:
    """Make each run that is not there yet; yield what is to be said of it."""
    document = {
        "experiment": experiment,
        "key": KEY,
        "runs": [asdict(run) for run in runs],
        "limits": asdict(LIMITS),
    }
    timeout_s = LIMITS.all_s + GRACE_S
    with tracking.alone():
        said = run_script("mlflow_runs", document, tracking.variables, timeout_s)
    yield from (f"{PROGRAM}: {line}" for line in lines_of(said, tracking))
    yield from (f"{PROGRAM}: {printable(note)}" for run in runs if (note := _left_out(run)))


def _left_out(run: TrackedRun) -> str:
    if len(run.files) > 1:
        return ""
    return f"note: {run.name} has no page and no pictures: compare has left none of it"
