"""A record whose figures are what its samples give."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from stages.artifacts import Artifacts, read_record
from stages.evidence.rejection import following
from stages.evidence.requirements import require_alike, require_settings
from stages.records.base import Record, Source
from stages.records.train import TrainRecord

RecordT = TypeVar("RecordT", bound=Record)


def checked(
    path: Path,
    kind: type[RecordT],
    rederived: Callable[[RecordT], RecordT],
    require_current: Callable[[RecordT], None],
    **known: Any,
) -> RecordT:
    """Return the record at `path`, whose figures are what its samples give.

    `known` are fields whose value another record, or the place of this one, gives. Beforehand it
    is given to `require_current`: that of other inputs than those present is stale, and whatever
    differs in it is no damage.
    """
    record = read_record(path, kind)
    require_current(record)
    with following(path):
        derived = replace(rederived(record), **known)
    require_alike(path, record, derived)
    require_settings(path, record)
    return record


def labels_of(artifacts: Artifacts, split: str) -> list[int]:
    """Return the classes of a split, none if train.json has none: later records must have them."""
    return read_record(artifacts.train.record, TrainRecord).labels.get(split, [])


def sources(artifacts: Artifacts) -> dict[str, Source]:
    """Return the data and backbone that train.json names, and all later records must."""
    record = read_record(artifacts.train.record, TrainRecord)
    return {"data": record.data, "backbone": record.backbone}
