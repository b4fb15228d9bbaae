"""The measurement that rounds are added to: the last, if it is of all that there is now."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from stages.artifacts import read_record, verify
from stages.common.current import Facts, facts_of, in_words
from stages.errors import InputStaleError, StageError
from stages.profile.enough import OF_ROUNDS
from stages.profile.inputs import boot, origins_of
from stages.profile.known import KnownCells
from stages.profile.layouts import Placement, layout_of
from stages.profile.plan import PlannedCell
from stages.profile.rounds import names_of
from stages.profile.turns import SCENARIOS, CellSamples
from stages.records.base import UNKNOWN, Host, Provenance
from stages.records.cell import Measurement
from stages.records.known import KnownCell
from stages.records.profile import ProfileRecord
from stages.stage_folders import ProfileFolder

REMEDY = "run profile without --more"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A measurement, and the folder that has its logs."""

    record: ProfileRecord
    folder: ProfileFolder

    def only_layout(self, candidates: Sequence[Placement]) -> list[Placement]:
        """Return the one of several placements that was measured in."""
        return [it for it in candidates if layout_of(it) == self.record.layout]

    def with_rounds_of(self, record: ProfileRecord) -> ProfileRecord:
        """Return the record of both, from the one of all samples that were taken."""
        seconds = self.record.seconds + record.seconds
        return replace(record, added_to=self.record.parts, tried=self.record.tried, seconds=seconds)

    def copy_logs(self, to: ProfileFolder) -> None:
        """Copy what its runs follow from."""
        shutil.copytree(self.folder.loadgen, to.loadgen)

    def samples(self, known: KnownCells) -> dict[str, CellSamples]:
        """Return what was sampled of each group, by its name.

        Raises InputStaleError if it is not `known` any more what its cells ran and answered.
        """
        for cell in self.record.cells:
            if cell.proof:
                planned = _planned(cell.precision, cell.requested_isa)
                _require_known(planned.name, known.traced(planned), cell.proof.made)
        figures = [*self._figures()]
        names = names_of([cell for cell, _ in figures])
        return {
            name: _samples(name, cell, measurement, known)
            for name, (cell, measurement) in zip(names, figures, strict=True)
        }

    def _figures(self) -> Iterator[tuple[PlannedCell, Measurement]]:
        for cell in self.record.cells:
            if cell.measurement:
                yield _planned(cell.precision, cell.requested_isa), cell.measurement
        repeat = self.record.repeat
        yield _planned(repeat.precision, repeat.isa), repeat.measurement


def read_earlier(folder: ProfileFolder, maker: Provenance, host: Host, origins: Facts) -> Earlier:
    """Return the measurement in a folder, if `maker` would go on with it on this `host`.

    `origins` is what it would come from. Raises InputStaleError if it came from anything else, or
    before the machine started; InputMissingError, InputCorruptError or SchemaVersionError if there
    is none that can be used.
    """
    try:
        verify(folder.path)
        record = read_record(folder.record, ProfileRecord)
    except StageError as error:
        raise type(error)(f"{str(error).partition('; ')[0]}; {REMEDY}") from None
    before = _facts(record.maker, record.host, origins_of(record))
    if why := in_words(before, _facts(maker, host, origins)):
        raise InputStaleError(f"no rounds can be added to {folder.path}: {why}; {REMEDY}")
    if host.boot_id == UNKNOWN:
        raise InputStaleError(
            f"no rounds can be added to {folder.path}: the kernel does not show when it started; "
            f"{REMEDY}"
        )
    return Earlier(record, folder)


def _facts(maker: Provenance, host: Host, origins: Facts) -> Facts:
    settings = {name: it for name, it in maker.settings.items() if name not in OF_ROUNDS}
    return facts_of(replace(maker, settings=settings), {**origins, **boot(host)})


def _planned(precision: str, isa: str) -> PlannedCell:
    return PlannedCell(precision, isa, None)


def _require_known(name: str, known: KnownCell | None, made: str) -> None:
    if known is None or known.maker.made != made:
        raise InputStaleError(
            f"no rounds can be added: what {name} ran when it was measured is not known any more; "
            f"{REMEDY}"
        )


def _samples(
    name: str, cell: PlannedCell, measurement: Measurement, known: KnownCells
) -> CellSamples:
    accuracy = measurement.accuracy
    _require_known(name, known.classified(cell, name), accuracy.made)
    offline = [run.rate_per_s / len(run.instances) for run in measurement.runs("offline")]
    return CellSamples(
        name=name,
        predictions=accuracy.predictions,
        accuracy_log=accuracy.log,
        accuracy_made=accuracy.made,
        images_per_s=max(offline),
        load_seconds=measurement.load_seconds,
        server=measurement.server,
        runs={scenario: [*measurement.runs(scenario)] for scenario in SCENARIOS},
    )
