"""The check of a file of Keras in a process of its own, of which all is read there.

HDF5 may never come back from a damaged file. It holds Python's lock meanwhile, so that no thread
and no signal would end the program that asked.

`python -m stages.train.keras_check FILE` prints a KerasFile, or a Refusal, as JSON.
"""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from stages.common.child_output import ending_in_words, print_tail, shortage
from stages.common.host.oom_kills import OomKills
from stages.common.worker.protocol import Refusal
from stages.errors import ModelError, StageError, WorkerError, of_kind
from stages.files.limits import GB, MAX_MODULE_BYTES
from stages.program.tether import tethered
from stages.train.keras_file import SAVE_AGAIN, KerasFile, checked

# The largest files take some ten seconds.
LIMIT_S = 120.0
# An array of a model may take half of it.
MAX_MEMORY_BYTES = 2 * MAX_MODULE_BYTES
STATM = Path("/proc/self/statm")
READING = "reading the model"
# What a library does that a damaged file leads astray.
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
Answer = KerasFile | Refusal


def checked_apart(file: Path) -> KerasFile:
    """Return what `checked` returns; beside the file, a log is left of what the check prints.

    Raises what `checked` raises, also ModelError if the file ends the check, or keeps it for ever;
    HostError if it is ended for want of memory; WorkerError if by another's signal.
    """
    log, kills = file.with_suffix(".log"), OomKills()
    command = tethered([sys.executable, "-m", __name__, str(file)])
    try:
        with log.open("wb") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                timeout=LIMIT_S,
            )
    except subprocess.TimeoutExpired:
        said = f"reading it does not come to an end within {LIMIT_S:.0f} s"
        raise ModelError(f"is damaged ({said}); {SAVE_AGAIN}") from None
    if code := done.returncode:
        raise shortage(READING, code, log, kills) or _ended(code, log)
    return _answer(done.stdout)


def _ended(code: int, log: Path) -> StageError:
    """Return the error of a check that ended before its answer: the file's fault, if it crashed."""
    if -code in CRASHES:
        return ModelError(f"is damaged (reading it {ending_in_words(code)}); {SAVE_AGAIN}")
    return WorkerError(f"{READING} {ending_in_words(code)}; {print_tail(log)}; run train again")


def _answer(said: bytes) -> KerasFile:
    try:
        refusal = msgspec.json.decode(said, type=Refusal)
    except msgspec.ValidationError:
        return msgspec.json.decode(said, type=KerasFile)
    raise of_kind(refusal.exit_code, refusal.message)


def _within_memory(file: Path) -> KerasFile:
    """Return what `checked` returns; ModelError if reading takes more memory than any model's.

    Entries of varying length may all be one in the file, and each is read for itself.
    """
    import h5py  # noqa: F401  # its own memory does not count

    has = int(STATM.read_text().split()[0]) * resource.getpagesize()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = has + MAX_MEMORY_BYTES
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    try:
        return checked(file)
    except MemoryError:
        raise ModelError(
            f"takes more than {MAX_MEMORY_BYTES / GB:.0f} GB to read; {SAVE_AGAIN}"
        ) from None


def main() -> None:
    """Check a file, and print what came of it."""
    try:
        answer: Answer = _within_memory(Path(sys.argv[1]))
    except StageError as error:
        answer = Refusal(error.exit_code, str(error))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
