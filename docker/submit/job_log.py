"""The log of a job, by whose last error a person sees why the job failed."""

import re
from pathlib import Path

from stages.errors import InputCorruptError
from stages.files.member import plain_end
from stages.setting import foreign_words

# By which the script's own line points to the one above it.
POINTER = " above say"
MAX_LOG_BYTES, MAX_LINE = 65536, 160
# Slurm's own words in a job's log, where it calls the job no more than failed.
LACKED_MEMORY = re.compile(r"slurmstepd.*(memory limit|oom[ _-]?kill)", re.IGNORECASE)


def last_error(log: Path) -> str:
    """Return the last error in a log, for a person to read; empty without one.

    The script's own line, which points to the one above it, is passed over.
    """
    try:
        lines = plain_end(log, MAX_LOG_BYTES).decode(errors="replace").splitlines()
    except (OSError, InputCorruptError):
        return ""
    errors = (line for line in reversed(lines) if ": error: " in line and POINTER not in line)
    return foreign_words.shown(next(errors, ""), MAX_LINE)


def lacked_memory(log: Path) -> bool:
    """Return whether the last error in a job's log is that Slurm ended it for want of memory."""
    return LACKED_MEMORY.search(last_error(log)) is not None
