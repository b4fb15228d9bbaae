"""Measurements as trackers of experiments have them: parameters, metrics, tags and files."""

import math
import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import strptime

from stages.artifacts import Artifacts, read_record, verify
from stages.common.current import value_in_words
from stages.errors import StageError
from stages.machines.machine import Machine, Measured
from stages.program.printable import printable
from stages.records.compare import CompareRecord
from stages.records.summary import COLUMNS, SummaryRow
from stages.stage_folders import places

# The tag by which a measurement is found again.
KEY = "measurement_sha256"
# Columns that are the same for all rows of a measurement, and say under which conditions it was.
PARAMS = (
    *("machine", "machine_type", "cpu", "cpus_pinned", "runtime", "model", "data"),
    *("instances", "cores_per_instance", "batch_size_images"),
)
TAGS = (
    *("machine", "model", "data", "version", "source_sha256", "backbone_sha256", "data_sha256"),
    *("bundle_sha256", KEY),
)
NUMBERS = ("rounds", *(column.name for column in COLUMNS if column.kind == "number"))
# Conditions whose names and values a person reads.
CONDITIONS = ("setting", "machine", "limit", "runner", "version")
# Trackers cut off, or refuse, longer ones.
MAX_NAME, MAX_VALUE = 100, 500
_UNFIT = re.compile(r"[^A-Za-z0-9_. -]|\.\.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """What one runtime measured on a machine.

    - `began_ms`: when it was measured, in milliseconds since 1970; 0 if that was not recorded.
    - `metrics`: by COLUMN/PRECISION/CAP, in the unit of the column.
    - `files`: the record, and the comparison's files if it is of this measurement.
    """

    name: str
    began_ms: int
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: Sequence[str]


def runs_of(machine: Machine, artifacts: Artifacts) -> list[TrackedRun]:
    """Return a run for each runtime that measured on a machine, whose files are in `artifacts`."""
    return [
        _run(machine, artifacts, runtime, measured)
        for runtime, measured in machine.runtimes.items()
    ]


def _run(machine: Machine, artifacts: Artifacts, runtime: str, measured: Measured) -> TrackedRun:
    rows = [row for row in machine.table if row["runtime"] == runtime]
    when = measured.made[-1]
    files = [artifacts.profile(runtime).record, *_of_comparison(artifacts, runtime, measured)]
    return TrackedRun(
        name=" ".join(filter(None, [machine.name, runtime, when])),
        began_ms=1000 * timegm(strptime(when, "%Y-%m-%dT%H:%M:%SZ")) if when else 0,
        params=_texts(rows, PARAMS) | _conditions(measured),
        metrics=_metrics(rows),
        tags=_texts(rows, TAGS) | _trust(rows, measured, machine),
        files=[*map(str, files)],
    )


def _texts(rows: Sequence[SummaryRow], names: Sequence[str]) -> dict[str, str]:
    """Return what the first row that has it says, by column."""
    found = {
        name: next((row[name] for row in rows if row[name] is not None), None) for name in names
    }
    return {name: _short(str(value)) for name, value in found.items() if value is not None}


def _conditions(measured: Measured) -> dict[str, str]:
    return {
        _UNFIT.sub("_", f"{kind}.{name}")[:MAX_NAME]: _short(value_in_words(value))
        for kind in CONDITIONS
        for name, value in measured.conditions[kind].items()
    }


def _metrics(rows: Sequence[SummaryRow]) -> dict[str, float]:
    numbers = {
        f"{name}/{row['precision']}/{row['isa_cap']}": row[name] for row in rows for name in NUMBERS
    }
    return {
        name: float(value)
        for name, value in numbers.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _trust(rows: Sequence[SummaryRow], measured: Measured, machine: Machine) -> dict[str, str]:
    """Return whether the run, and which of its cells, can be relied on, and what was checked."""
    doubtful = [f"{row['precision']}/{row['isa_cap']}" for row in rows if row["valid"] is False]
    trusted = {"trusted": str(measured.trusted).lower(), "checked": machine.checked}
    return {**trusted, **({"invalid_cells": _short(" ".join(doubtful))} if doubtful else {})}


def _of_comparison(artifacts: Artifacts, runtime: str, measured: Measured) -> list[Path]:
    """Return the files that compare left of a measurement; none if what it left is of another."""
    folder = artifacts.compare
    try:
        verify(folder.path)
        record = read_record(folder.record, CompareRecord)
    except StageError:
        return []
    if record.profile_sha256.get(runtime) != measured.sha256:
        return []
    return [
        path for path in (folder.path / name for name in sorted(places(folder))) if path.is_file()
    ]


def _short(text: str) -> str:
    return printable(text, MAX_VALUE)[:MAX_VALUE]
