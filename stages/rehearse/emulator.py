"""The emulator's library: whether it can be used, and the variables by which a worker gets it."""

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stages.common.child_output import ending_in_words
from stages.common.host.amx_probe import probe
from stages.errors import HostError, InputMissingError, ProofError, SettingsError
from stages.files.checksums import sha256
from stages.files.member import MAX_LOG_BYTES, read_plain
from stages.program.printable import printable
from stages.records.rehearse import EMULATOR_VERSION, Emulator
from stages.setting import foreign_words
from stages.settings import env_name

PRELOAD, COUNTS, REPORT = "LD_PRELOAD", "AMXEMU_COUNTS", "AMXEMU_REPORT"
OWN_PREFIX = "AMXEMU_"
SYMBOL = "amxemu_version"
# What the emulator begins each of its lines with.
SAYS = "amxemu: "
MAX_SHOWN = 300
_REPORTED = re.compile(rf"{SAYS}\S+ process \d+ ")
# Asks the library, as the loader took it into a process of its own.
ASK = (
    "import ctypes; print((ctypes.c_char * 32).in_dll(ctypes.CDLL(None), "
    f"{SYMBOL!r}).value.decode())"
)
ASK_TIMEOUT_S = 60


def require_none_loaded(environ: Mapping[str, str]) -> None:
    """Raise SettingsError if an emulator is in this process, or would be in all others.

    Its CPU's flags would then be no CPU's, and what runs without AMX would run with it.
    """
    asked = [name for name in environ if name.startswith(OWN_PREFIX)]
    if "amxemu" in environ.get(PRELOAD, "") or hasattr(ctypes.CDLL(None), SYMBOL):
        raise SettingsError(
            f"an emulator of AMX is loaded already; unset {PRELOAD}: rehearse loads it itself, "
            "where it belongs"
        )
    if asked:
        raise SettingsError(f"{printable(asked[0], 60)} is for the emulator alone; unset it")


def require_usable(path: Path) -> Emulator:
    """Return the emulator at `path`, after a product of tiles in a process that has it.

    Raises InputMissingError if there is no file, HostError if it can't be loaded, is of another
    version, or gives a wrong product.
    """
    if not path.is_file():
        raise InputMissingError(
            f"there is no emulator at {printable(str(path), MAX_SHOWN)}; set "
            f"{env_name('emulator')} to libamxemu.so, or run `invoke rehearse --runner local`"
        )
    # The loader takes a blank or a colon in the list for the end of a path.
    if any(char in str(path) for char in " :"):
        raise SettingsError("emulator can't have a blank or a colon in its path; move it")
    version = _version(path)
    if version != EMULATOR_VERSION:
        raise HostError(
            f"the emulator at {path} is version {printable(version, 30)}, this needs "
            f"{EMULATOR_VERSION}; build it from this checkout"
        )
    for instruction in ("tdpbssd", "tdpbf16ps"):
        if failure := probe(instruction, preload=str(path)).why_not:
            raise HostError(f"the emulator at {path} does not work here: {failure}; build it again")
    return Emulator(version=version, sha256=sha256(path))


def require_unchanged(path: Path, emulator: Emulator) -> None:
    """Raise ProofError if the file is no longer what `emulator` says.

    No copy of our own is used instead, as nothing in a container's /tmp may be executed.
    """
    if not path.is_file() or sha256(path) != emulator.sha256:
        raise ProofError(f"the emulator at {path} was changed while it was used; rehearse again")


def _version(path: Path) -> str:
    """Return the version that a library names; HostError if the loader or itself refuses it."""
    environment = {**os.environ, PRELOAD: str(path), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=ASK_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise HostError(f"the emulator at {path} hangs; build it again") from None
    if done.returncode:
        why = _reason(done.returncode, done.stderr)
        raise HostError(f"{path} can't be used as emulator ({why}); build it for this machine")
    return done.stdout.decode(errors="replace").strip()


def _reason(code: int, errors: bytes) -> str:
    """Return what says why: a line of the emulator or the loader, the last one, or the ending."""
    lines = errors.decode(errors="replace").strip().splitlines()
    said = [line for line in lines if line.startswith(SAYS)]
    refused = [line for line in lines if line.startswith("ERROR: ld.so:")]
    if SYMBOL in "".join(lines) and not refused and not said:
        return "it is no emulator of AMX"
    words = [*said, *refused, *lines[-1:], f"a process with it {ending_in_words(code)}"]
    return foreign_words.shown(words[0], MAX_SHOWN)


def variables(path: Path, counts: Path) -> dict[str, str]:
    """Return the variables by which a worker has the emulator, which counts to `counts`.PID.

    At its end it says that it was there: the loader goes on without a library that it can't load.
    """
    return {PRELOAD: str(path), COUNTS: str(counts), REPORT: "1"}


def last_words(log: Path) -> str:
    """Return why the emulator ended a worker, by its output; empty if it said nothing of it."""
    lines = [line for line in _said(log) if not _REPORTED.match(line)]
    return foreign_words.shown(lines[-1], MAX_SHOWN) if lines else ""


def require_loaded(log: Path, name: str) -> None:
    """Raise ProofError if the emulator did not say at the end of a worker that it was in it."""
    if not any(map(_REPORTED.match, _said(log))):
        raise ProofError(
            f"{name}: the emulator was not in the process that it was for; rehearse again"
        )


def _said(log: Path) -> list[str]:
    text = read_plain(log, MAX_LOG_BYTES).decode(errors="replace")
    return [line for line in text.splitlines() if line.startswith(SAYS)]
