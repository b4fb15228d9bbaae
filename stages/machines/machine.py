"""What one machine measured, as far as it is set beside others: its samples are not kept.

Some fifty machines with all their samples would take gigabytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from stages.artifacts import Artifacts
from stages.common.current import Facts
from stages.common.reasons import may_change_by_rounds
from stages.common.stats import round_figures
from stages.common.summaries import measurements
from stages.common.text import few_rounds, is_of_one_round, too_few
from stages.compare.effects import CellKey, compare
from stages.compare.inputs import RuntimeProfile, read_profiles
from stages.compare.summary import summary_rows
from stages.errors import InputCorruptError
from stages.files.checksums import read_checksums
from stages.history.conditions import ORIGIN, conditions
from stages.history.table import is_in_doubt
from stages.program.printable import printable
from stages.records.accuracy import LossInterval
from stages.records.base import UNKNOWN, Host, Interval, Source
from stages.records.cell import Cell, Measurement
from stages.records.compare import Row
from stages.records.profile import Layout, ProfileRecord
from stages.records.summary import SummaryRow
from stages.stage_folders import TrainFolder

PROGRAM = "diff"
MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigures:
    """What was measured of a cell. Rates are in images per second, latencies in milliseconds.

    - `rates`: one for each round that counts; `rate` is their median, with its interval.
    - `loss`: top-1 lost relative to FP32's at the same cap, and its 95% interval; None if that is
      not known.
    - `in_doubt`: images/s can't be relied on; `valid`: no figure is in doubt.
    - `images`: how many images top-1 is of.
    """

    batch_size: int
    rate: Interval
    rates: Sequence[float]
    p50_ms: Interval
    p90_ms: float | None
    p99_ms: float | None
    top1: float
    loss: float | None
    loss_interval: LossInterval | None
    in_doubt: bool
    valid: bool
    verdict: str
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one runtime measured on a machine.

    - `sha256`: that of the profile folder's list of checksums; `models`: that of all files of the
      models that it ran, by precision.
    - `conditions`: what the figures depend on beside chance, by kind.
    - `once`: a cell was timed once, so that no figure has an interval; `too_few`: that the rounds
      are too few for intervals, empty if they are enough, or one.
    - `rounds_may_help`: whether more rounds may bring trust where there is none.
    """

    sha256: str
    models: Mapping[str, str]
    data: Source
    backbone: Source
    layout: Layout
    conditions: Mapping[str, Facts]
    made: Sequence[str]
    trusted: bool
    rounds_may_help: bool
    once: bool
    too_few: str
    cells: Mapping[CellKey, CellFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What all runtimes measured on a machine.

    - `name`: as the tables have it; `given`: as the user named it, empty if not.
    - `checked`: what is known to be true of its figures.
    - `rows`: the table of results; `bundle_sha256`: of the bundle it is from, empty if none.
    """

    name: str
    given: str
    checked: str
    host: Host
    runtimes: Mapping[str, Measured]
    rows: Sequence[SummaryRow]
    bundle_sha256: str = ""

    @property
    def cells(self) -> dict[CellKey, CellFigures]:
        """All measured cells."""
        return {key: cell for one in self.runtimes.values() for key, cell in one.cells.items()}

    @property
    def table(self) -> list[SummaryRow]:
        """The rows of its results, under its name."""
        return [self._named(row) for row in self.rows]

    def is_also(self, other: "Machine") -> bool:
        """Return whether both are known to be one machine, not started again in between."""
        return self.host.boot_id == other.host.boot_id != UNKNOWN

    def row(self, key: CellKey) -> SummaryRow:
        """Return the row of a cell; StopIteration if there is none."""
        return self._named(
            next(
                row
                for row in self.rows
                if (row["runtime"], row["precision"], row["isa_cap"]) == key
            )
        )

    def _named(self, row: SummaryRow) -> SummaryRow:
        return {**row, "machine": self.name, "bundle_sha256": self.bundle_sha256 or None}

    @property
    def type(self) -> str:
        """What its cloud calls its type, empty if that was not recorded."""
        return "" if self.host.machine_type == UNKNOWN else self.host.machine_type


def read_machine(
    artifacts: Artifacts, given: str, fallback: str, checked: str, program: str = PROGRAM
) -> Machine:
    """Return what is measured in an artifacts folder, which `program` asks for.

    It is called as `given`, else by the type that its cloud names, else `fallback`. Raises what
    `read_profiles` raises, and InputCorruptError if a list of checksums names no model.
    """
    profiles = read_profiles(artifacts, program)
    host = profiles[0].record.host
    compared = compare(profiles)
    machine = Machine(
        name="",
        given=given,
        checked=checked,
        host=host,
        runtimes={
            profile.runtime: _measured(artifacts, profile, compared.rows) for profile in profiles
        },
        rows=summary_rows(compared, profiles),
    )
    return replace(machine, name=printable(given or machine.type or fallback, MAX_NAME))


def distinct(machines: Sequence[Machine]) -> list[Machine]:
    """Return the machines with a number behind each name that another before has, too.

    What it becomes is no name of another, either: figures are found by it.
    """
    taken, given = set[str](), {machine.name for machine in machines}
    named = []
    for machine in machines:
        numbered = (f"{machine.name}#{number}" for number in count(2))
        free = (name for name in numbered if name not in taken | given)
        name = next(free) if machine.name in taken else machine.name
        taken.add(name)
        named.append(replace(machine, name=name))
    return named


def _measured(artifacts: Artifacts, profile: RuntimeProfile, rows: Sequence[Row]) -> Measured:
    record = profile.record
    quantize, train = artifacts.quantize(record.runtime), artifacts.train
    return Measured(
        sha256=profile.sha256,
        models={
            "FP32": _digest_of_model(train.path, train.model),
            "INT8": _digest_of_model(quantize.path, quantize.model),
        },
        data=record.data,
        backbone=record.backbone,
        layout=record.layout,
        conditions=_conditions(record, train),
        made=record.parts,
        trusted=record.repeat.trusted,
        rounds_may_help=may_change_by_rounds(record.repeat.reasons),
        once=is_of_one_round(record.repeat.reasons),
        too_few=too_few(few_rounds(record.repeat.reasons)),
        cells=_cells(record, rows),
    )


def _conditions(record: ProfileRecord, train: TrainFolder) -> Mapping[str, Facts]:
    """Return what figures depend on: here the content of models and images is known, by checksum.

    That of the models is compared on its own.
    """
    found = {kind: facts for kind, facts in conditions(record).items() if kind != ORIGIN}
    name = train.test.relative_to(train.path).as_posix()
    images = read_checksums(train.path, "run its stage again").get(name, UNKNOWN)
    return {**found, "data": {**found["data"], "test images": images}}


def _digest_of_model(folder: Path, model: Path) -> str:
    """Return the sha256 of the checksums of a model's files, which a bundle has alone of it."""
    beginning = f"{model.name}/"
    listed = read_checksums(folder, "run its stage again")
    lines = [f"{listed[name]}  {name}" for name in sorted(listed) if name.startswith(beginning)]
    if not lines:
        raise InputCorruptError(f"{folder} lists no file of {model.name}; run its stage again")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _cells(record: ProfileRecord, rows: Sequence[Row]) -> dict[CellKey, CellFigures]:
    """Return each cell's figures, its own or those of the cell that it is the same as."""
    found = measurements(record)
    cells = {(cell.precision, cell.requested_isa): cell for cell in record.cells}
    own = {(row.precision, row.isa): row for row in rows if row.runtime == record.runtime}
    return {
        CellKey(record.runtime, *name): _figures(cells[name], measurement, own[name])
        for name, measurement in found.items()
    }


def _figures(cell: Cell, measurement: Measurement, row: Row) -> CellFigures:
    stream = measurement.single_stream
    return CellFigures(
        batch_size=measurement.offline.batch_size,
        rate=measurement.offline.throughput_images_per_s,
        rates=round_figures("offline", measurement.offline.runs),
        p50_ms=stream.latency_p50_ms,
        p90_ms=stream.latency_p90_ms,
        p99_ms=stream.latency_p99_ms,
        top1=measurement.accuracy.top1,
        loss=row.accuracy_loss,
        loss_interval=row.accuracy_loss_interval,
        in_doubt=is_in_doubt(measurement),
        valid=measurement.validity.valid,
        verdict=cell.verdict,
        images=len(measurement.accuracy.predictions),
    )
