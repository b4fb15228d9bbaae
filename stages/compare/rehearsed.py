"""What a rehearsal found of cells that could not be measured, if it is one of the same models."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from stages.artifacts import Artifacts, read_record, verify
from stages.common.rehearsed import finding
from stages.compare.inputs import RuntimeProfile
from stages.errors import StageError
from stages.isa import AMX
from stages.records.compare import NotRun
from stages.records.rehearse import RehearsalRecord, RehearsedCell

OTHER_MODEL = "it is of another model than the profile of {}; run the rehearse stage again"


@dataclass(slots=True)
class Rehearsed:
    """A rehearsal with the cells of the models that were measured alone, None if there are none.

    `sha256` is that of the checksums of its folder; `left_out` says why the rest is left out, a
    line each.
    """

    record: RehearsalRecord | None = None
    sha256: str | None = None
    left_out: list[str] = field(default_factory=list)

    def of(self, cell: NotRun) -> str:
        """Return what was found of a cell, empty if nothing, or if it lacks more than AMX."""
        cells = self.record.cells if self.record and lacks_amx(cell) else []
        found = {(it.runtime, it.precision): finding(it) for it in cells}
        return found.get((cell.runtime, cell.precision), "")


NOTHING = Rehearsed()


def lacks_amx(cell: NotRun) -> bool:
    """Return whether a cell could not run for want of AMX's flags."""
    return cell.isa == AMX and " amx_" in f" {cell.reason}" and "flag" in cell.reason


def read_rehearsed(artifacts: Artifacts, profiles: Sequence[RuntimeProfile]) -> Rehearsed:
    """Return what artifacts/rehearse says of the models that were measured, if it is there.

    Whatever is wrong with it costs no comparison: it is left out, with the reason.
    """
    folder = artifacts.rehearse
    if not folder.path.exists():
        return Rehearsed()
    try:
        sha256 = verify(folder.path)
        return _of_models(read_record(folder.record, RehearsalRecord), sha256, profiles)
    except StageError as error:
        return Rehearsed(left_out=[str(error)])


def _of_models(
    record: RehearsalRecord, sha256: str, profiles: Sequence[RuntimeProfile]
) -> Rehearsed:
    kept: list[RehearsedCell] = []
    left_out = []
    for profile in profiles:
        made_from = (profile.record.train_sha256, profile.record.quantize_sha256)
        cells = [cell for cell in record.cells if cell.runtime == profile.runtime]
        ours = (record.train_sha256, record.quantize_sha256.get(profile.runtime))
        if cells and made_from != ours:
            left_out.append(OTHER_MODEL.format(profile.runtime))
        else:
            kept += cells
    if not kept:
        return Rehearsed(left_out=left_out)
    return Rehearsed(replace(record, cells=kept), sha256, left_out)
