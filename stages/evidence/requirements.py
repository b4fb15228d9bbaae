"""What a record must be beside what its samples give, and the texts and summaries beside it."""

from collections.abc import Mapping
from pathlib import Path

from stages.artifacts import read_record
from stages.common.source import source_sha256
from stages.common.summaries import summaries
from stages.errors import InputCorruptError
from stages.evidence.rejection import MAX_CAUSE
from stages.evidence.unlike import unlike
from stages.files.member import MAX_LOG_BYTES, read_plain
from stages.program.printable import printable
from stages.records.base import Record, Setting
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.reading import MAX_BYTES, parse
from stages.setting.of_rounds import DEFAULT_ROUNDS
from stages.stage_folders import ProfileFolder

MAX_SHOWN = 5


def require_summaries(folder: ProfileFolder, record: ProfileRecord) -> None:
    """Raise InputCorruptError unless the summaries beside a record are those that it gives."""
    paths = [path for path in (folder.summary_fp32, folder.summary_int8) if path.exists()]
    recorded = [read_record(path, ModelSummary) for path in paths]
    wanted = summaries(record)
    if len(recorded) != len(wanted):
        raise InputCorruptError(
            f"{folder.path} has {len(recorded)} summaries, its record gives {len(wanted)}; "
            "run its stage again"
        )
    for path, summary, derived in zip(paths, recorded, wanted, strict=True):
        require_alike(path, summary, derived)


def require_alike(path: Path, recorded: Record, derived: Record) -> None:
    """Raise InputCorruptError if a record differs from the one that its samples give."""
    written = parse(read_plain(path, MAX_BYTES))
    differing = unlike(recorded, derived, written)
    lines = [line for line in differing if not line.startswith("maker")]
    if lines:
        shown = ", ".join(printable(line, MAX_CAUSE) for line in lines[:MAX_SHOWN])
        more = f" and {len(lines) - MAX_SHOWN} more" if len(lines) > MAX_SHOWN else ""
        raise InputCorruptError(f"{path}: {shown}{more}; run its stage again")


def require_settings(path: Path, record: Record) -> None:
    """Raise InputCorruptError if a field differs from the setting that it was taken from."""
    for name, setting in _taken(record.maker.settings).items():
        value = getattr(record, name, setting)
        if isinstance(value, str | int | float) and value != setting:
            shown = printable(f"{name} is {value}, was set to {setting}", MAX_CAUSE)
            raise InputCorruptError(f"{path}: {shown}; run its stage again")


def _taken(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return the settings as they were taken: no number of rounds is the default of peers."""
    rounds = {"rounds": settings["rounds"] or DEFAULT_ROUNDS} if "rounds" in settings else {}
    return {**settings, **rounds}


def require_text(path: Path, derived: str, program: str, record: Record) -> str:
    """Raise InputCorruptError unless a file has the text that `program` makes of its record.

    Another version of the program has other words: then they can't be checked, and what to say of
    that is returned, else nothing.
    """
    try:
        recorded = read_plain(path, MAX_LOG_BYTES)
    except FileNotFoundError:
        raise InputCorruptError(f"{path} is missing; run its stage again") from None
    if recorded == derived.encode(errors="backslashreplace"):
        return ""
    if record.maker.source in ("", source_sha256(program)):
        raise InputCorruptError(f"{path} is not what its record gives; run its stage again")
    return f"; {path.name} has the words of another version, which were not checked"
