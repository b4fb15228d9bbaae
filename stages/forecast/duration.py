"""How long stages will take: by what they took here the last time, else by what README says.

The last time counts if it had the same settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

from stages.forecast.standing import Standing
from stages.forecast.turns import least_s, spare_s
from stages.records.base import Host
from stages.records.cpu_generations import full_name
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.settings import Settings

# Seconds on README's machine, of two cores, with nothing set.
OF_README = {"train": 90.0, "quantize": 120.0, "profile": 300.0, "compare": 10.0}
# Seconds for a stage whose output is current.
LOOK_S = 5.0
README, LAST = "by the defaults on README's machine", "by the last run here"
BY_SETTINGS = "profile by the number and length of its rounds"


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that each stage of a run will take, by its name, and where they are from.

    profile may take `spare_s` longer, which is infinite if it is not known how much.
    """

    seconds: dict[str, float]
    source: str
    spare_s: float = 0.0

    def in_all(self, ending: str = "") -> str:
        """Return how long all of them take together, with this ending, and where that is from."""
        amount = _from_to(sum(self.seconds.values()), self.spare_s)
        total = f"{'' if isinf(self.spare_s) else 'about '}{amount}{ending}"
        return f"{total} ({self.source})" if self.source else total

    def of(self, program: str) -> str:
        """Return how long a stage takes."""
        return _from_to(self.seconds[program], self.spare_s if program == "profile" else 0.0)


def duration(standings: Sequence[Standing], host: Host, settings: Settings) -> Duration:
    """Return how long the stages will take on `host` with these settings."""
    made_here = any(_is_of(standing, host) for standing in standings)
    seen = {it.program: took for it in standings if made_here and (took := _took(it))}
    busy = {it.program for it in standings if it.why}
    seconds = {
        it.program: seen.get(it.program, OF_README[it.program]) if it.why else LOOK_S
        for it in standings
    }
    by_readme, spare, by_settings = busy - seen.keys() - {"compare"}, 0.0, ""
    if "profile" in by_readme:
        spare = spare_s(settings, seconds["profile"])
    if isinf(spare):
        seconds["profile"], by_settings = least_s(settings), BY_SETTINGS
        by_readme.discard("profile")
    source = _source(by_readme, busy & seen.keys(), _parts(standings))
    return Duration(seconds, "; ".join(filter(None, [source, by_settings])), spare)


def in_words(seconds: float) -> str:
    """Return seconds as people say them: minutes from a minute and a half, hours from three."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 10800 else f"{seconds / 3600:.0f} hours"


def _from_to(seconds: float, spare: float) -> str:
    least = in_words(seconds)
    if isinf(spare):
        return f"at least {least}"
    most = in_words(seconds + spare)
    if least == most:
        return least
    number, _, unit = least.partition(" ")
    return f"{number if most.endswith(f' {unit}') else least} to {most}"


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
    if isinstance(record, ProfileRecord):  # its seconds are those of all its parts
        return record.seconds / len(record.parts)
    return record.seconds if isinstance(record, QuantizeRecord) else 0.0


def _parts(standings: Sequence[Standing]) -> int:
    """Return in how many parts the last profile was measured, 1 if there is none."""
    records = (it.record for it in standings if it.as_before)
    return max((len(it.parts) for it in records if isinstance(it, ProfileRecord)), default=1)


def _source(by_readme: set[str], by_last: set[str], parts: int) -> str:
    in_parts = parts > 1 and "profile" in by_last
    last = f"{LAST}, profile by the mean of its {parts} parts" if in_parts else LAST
    if not by_readme:
        return last if by_last else ""
    if not by_last:
        return f"{README}, of two cores"
    return f"{last}, {' and '.join(sorted(by_readme))} {README}"
