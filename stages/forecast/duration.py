"""How long stages will take: by what they took here the last time, else by what README says.

The last time counts if it had the same settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.forecast.standing import Standing
from stages.records.base import Host
from stages.records.cpu_generations import full_name
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord

# Seconds on README's machine, of two cores, with nothing set.
OF_README = {"train": 90.0, "quantize": 120.0, "profile": 300.0, "compare": 10.0}
# Seconds for a stage whose output is current.
LOOK_S = 5.0
README = "by the defaults on README's machine"


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that each stage of a run will take, by its name, and where they are from."""

    seconds: dict[str, float]
    source: str

    def in_all(self, ending: str = "") -> str:
        """Return how long all of them take together, with this ending, and where that is from."""
        total = f"about {in_words(sum(self.seconds.values()))}{ending}"
        return f"{total} ({self.source})" if self.source else total


def duration(standings: Sequence[Standing], host: Host) -> Duration:
    """Return how long the stages will take on `host`."""
    made_here = any(_is_of(standing, host) for standing in standings)
    seen = {it.program: took for it in standings if made_here and (took := _took(it))}
    busy = {it.program for it in standings if it.why}
    seconds = {
        it.program: seen.get(it.program, OF_README[it.program]) if it.why else LOOK_S
        for it in standings
    }
    by_readme = busy - seen.keys() - {"compare"}
    return Duration(seconds, _source(by_readme, busy & seen.keys()))


def in_words(seconds: float) -> str:
    """Return seconds as people say them: minutes if it is more than a minute and a half."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes"


def _is_of(standing: Standing, host: Host) -> bool:
    """Return whether a record is of this CPU, with as many cores."""
    record = standing.record
    if not isinstance(record, QuantizeRecord | ProfileRecord):
        return False
    ours, theirs = (
        (full_name(it.cpu_model, it.cpu_id), len(it.cores_pinned)) for it in (host, record.host)
    )
    return ours == theirs


def _took(standing: Standing) -> float:
    """Return the seconds that a stage took the last time, 0 if none was as the next will be."""
    record = standing.record if standing.as_before else None
    if isinstance(record, TrainRecord):
        return sum(record.seconds.values())
    return record.seconds if isinstance(record, QuantizeRecord | ProfileRecord) else 0.0


def _source(by_readme: set[str], by_last: set[str]) -> str:
    if not by_readme:
        return "by the last run here" if by_last else ""
    if not by_last:
        return f"{README}, of two cores"
    return f"by the last run here, {' and '.join(sorted(by_readme))} {README}"
