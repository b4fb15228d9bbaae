"""What is known of cells before they are measured: their proof runs, their classes.

Both take half of a profile's time, and depend on none of the settings of the rounds. So they are
kept in the cache as they are made: a run that was killed goes on from them, and a run with other
rounds makes none again.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from stages.artifacts import read_record, verify, write_record
from stages.common.current import Facts, changes, facts_of, in_words
from stages.common.host.memory import Footprint
from stages.errors import InputMissingError, StageError
from stages.folder.handover import handing_over
from stages.precisions import get_precision
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult
from stages.profile.turns import CellSamples
from stages.program.host_path import shown
from stages.records.base import Provenance, Setting
from stages.records.known import ClassifiedCell, KnownCell, TracedCell
from stages.setting.cpu_list import format_list

# In the folder of each: what is known, and the log that it follows from.
RECORD, LOG = "known.json", "log"
KnownT = TypeVar("KnownT", bound=KnownCell)


@dataclass(frozen=True, kw_only=True)
class KnownCells:
    """What is known of a runtime's cells, in `folder`; nothing is, and is kept, if that is None.

    `maker` is what makes it now, and `origins`, by the model that a cell has, what it comes from
    now: what came from anything else is not used. Nothing is if it is to be made `afresh`. A trace
    that was disturbed is used where it is `as_measured`: by rounds that are added to its cell's.
    """

    folder: Path | None = None
    maker: Provenance = field(default_factory=Provenance)
    origins: Mapping[str, Facts] = field(default_factory=dict)
    afresh: bool = False
    as_measured: bool = False
    _reasons: set[frozenset[str]] = field(default_factory=set)

    def trace(self, cell: PlannedCell, log: Path) -> tuple[TraceResult, Footprint] | None:
        """Return what a cell's proof run gave, with oneDNN's log at `log`; None if not known."""
        record = self.traced(cell)
        if record is None:
            return None
        self._use(_traces(cell), log)
        again, made = record.also_traced, record.maker.made
        trace = TraceResult(record.traced, record.amx_busy, again, made, record.disturbed)
        return trace, Footprint(record.peak_bytes, record.loaded_bytes)

    def keep_trace(self, cell: PlannedCell, trace: TraceResult, size: Footprint, log: Path) -> None:
        """Keep a proof run that has shown what its cell's name says."""
        record = TracedCell(
            maker=replace(self.maker, made=trace.made),
            origins=self._origins(cell),
            traced=trace.span,
            amx_busy=trace.amx_busy,
            also_traced=[*trace.again],
            disturbed=trace.disturbed,
            peak_bytes=size.peak,
            loaded_bytes=size.loaded,
        )
        self._keep(_traces(cell), record, log)

    def classes(self, cell: PlannedCell, name: str, log: Path) -> ClassifiedCell | None:
        """Return what the instances called `name` answered, with LoadGen's log at `log`."""
        record = self.classified(cell, name)
        if record is not None:
            self._use(_answers(name), log)
        return record

    def keep_classes(self, cell: PlannedCell, samples: CellSamples, log: Path) -> None:
        """Keep what a cell's instances answered."""
        record = ClassifiedCell(
            maker=replace(self.maker, made=samples.accuracy_made),
            origins=self._origins(cell),
            predictions=samples.predictions,
        )
        self._keep(_answers(samples.name), record, log)

    def traced(self, cell: PlannedCell) -> TracedCell | None:
        """Return what is known of a cell's proof run, which is of what there is now, or None."""
        record = self._read(_traces(cell), cell, TracedCell)
        made_again = record is not None and record.disturbed and not self.as_measured
        return None if made_again else record

    def classified(self, cell: PlannedCell, name: str) -> ClassifiedCell | None:
        """Return what is known of the answers of the instances called `name`, or None."""
        return self._read(_answers(name), cell, ClassifiedCell)

    def on(self, cores: Sequence[int]) -> "KnownCells":
        """Return what is known of cells whose first instance has these cores."""
        here = {"cores of an instance": format_list([*cores])}
        origins = {model: {**facts, **here} for model, facts in self.origins.items()}
        return replace(self, origins=origins)

    def _keep(self, name: str, record: KnownCell, log: Path) -> None:
        if self.folder is not None:
            with handing_over(self.folder / name) as partial:
                _copy(log, partial / LOG)
                write_record(partial / RECORD, record)

    def _use(self, name: str, log: Path) -> None:
        if self.folder is not None:
            _copy(self.folder / name / LOG, log)

    def _read(self, name: str, cell: PlannedCell, kind: type[KnownT]) -> KnownT | None:
        """Return a record, None if there is none that can be used."""
        if self.folder is None or self.afresh:
            return None
        record = self._whole(self.folder / name, kind)
        return None if record is None or self._differs(record, cell) else record

    def _whole(self, folder: Path, kind: type[KnownT]) -> KnownT | None:
        try:
            verify(folder, [RECORD])
            return read_record(folder / RECORD, kind)
        except InputMissingError:
            return None
        except StageError as error:
            why = str(error).partition("; ")[0]
            self._say(why, frozenset([why]))
            return None

    def _differs(self, record: KnownCell, cell: PlannedCell) -> bool:
        before = facts_of(record.maker, record.origins)
        by_now = facts_of(self.maker, self._origins(cell))
        if why := in_words(before, by_now):
            self._say(why, frozenset(changes(before, by_now)))
        return bool(why)

    def _say(self, why: str, parts: frozenset[str]) -> None:
        """Say why something is made again; once, in whichever order its `parts` come."""
        if parts not in self._reasons:
            self._reasons.add(parts)
            print(shown(f"profile: what was known of cells is made again: {why}"), flush=True)

    def _origins(self, cell: PlannedCell) -> dict[str, Setting | None]:
        return {**self.origins.get(get_precision(cell.precision).model, {})}


def _traces(cell: PlannedCell) -> str:
    return f"{cell.name}.traced"


def _answers(name: str) -> str:
    return f"{name}.classes"


def _copy(source: Path, target: Path) -> None:
    """Copy a log, which is a file or a folder of files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
