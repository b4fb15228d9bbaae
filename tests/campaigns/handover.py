"""Processes that are killed while they hand over a folder: it must be whole after each kill.

A kill of a whole run hardly ever hits the hand-over, which takes milliseconds; here nothing else
runs. The function is the real one. It is killed before each of its file operations, which Python
reports to an audit hook, and at random moments, which fall within operations, too.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from stages.folder.handover import handing_over
from tests.campaigns.folders import SUMS, is_put_aside, judge_left_files, why_not_whole
from tests.campaigns.tries import LOST, UNCLEAR, WRONG, Bench, Case, Options

NUM_FILES = 50
# Hand-overs that are timed to know how long one takes, and the moments over how many of them.
NUM_TIMED, SPAN = 5, 2.5
# After one kill in this many, the next writer comes at once, and must clean up.
CLEANED = 5
# Kills in one folder: each comes on top of what the one before left, as with users.
KILLS = 50


def cases(options: Options) -> Sequence[Case]:
    """Return series of 50 kills each, as many as give the number of tries."""
    series = range(-(-options.tries // KILLS))
    return [
        Case("SIGKILL before each file operation", 0, kill_before_each),
        *(Case("SIGKILL at random moments", number, kill) for number in series),
    ]


def kill_before_each(bench: Bench) -> None:
    """Kill a process before its first operation on files, another before its second, and so on."""
    folder = bench.folder / "artifacts" / "train"
    folder.parent.mkdir()
    for number in count(1):
        _write(folder, -number)
        child = os.fork()
        if child == 0:
            sys.addaudithook(KilledBefore(number))
            _write(folder, number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        bench.count = number
        _judge_next(bench, folder, f"killed before operation {number}")
        if not os.WIFSIGNALED(status):
            break
    bench.done.append(f"{number} operations")


class KilledBefore:
    """A hook that ends its process by SIGKILL before an operation on files, counted from 1."""

    def __init__(self, number: int) -> None:
        self.remaining = number

    def __call__(self, event: str, _: object) -> None:
        if event == "open" or event.startswith(("os.", "shutil.")):
            self.remaining -= 1
            if self.remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def kill(bench: Bench) -> None:
    """Kill processes that hand over again and again; look at what is there after each kill."""
    bench.count = KILLS
    folder = bench.folder / "artifacts" / "train"
    folder.parent.mkdir()
    seconds, put_aside = _timed(folder), 0
    for number in range(KILLS):
        microseconds = int(bench.dice.uniform(0, seconds * SPAN) * 1e6)
        _killed_after(bench, microseconds, folder)
        put_aside += is_put_aside(folder)
        _judge_next(bench, folder, f"kill {number}, after {microseconds} us")
        if bench.dice.randrange(CLEANED) == 0:
            _write(folder, -number)
            _judge(bench, folder, f"next writer after kill {number}")
            judge_left_files(bench, folder.parent)
    bench.done.append(f"{KILLS} kills within {seconds * SPAN * 1e3:.1f} ms")
    bench.done.append(f"{put_aside} times the next writer had to put the folder back")


def _timed(folder: Path) -> float:
    """Return the seconds that a hand-over takes."""
    began = time.monotonic()
    for generation in range(NUM_TIMED):
        _write(folder, generation)
    return (time.monotonic() - began) / NUM_TIMED


def _write(folder: Path, generation: int) -> None:
    with handing_over(folder) as partial_folder:
        for number in range(NUM_FILES):
            # Names as train's: no other file may be in its folder.
            place = partial_folder / (f"data/{number}.npz" if number else "train.json")
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps({"generation": generation, "number": number}))


def _fail_to_write(folder: Path) -> None:
    """Be a next writer that fails: the folder must be what it was before the kill."""
    with suppress(InterruptedError), handing_over(folder):
        raise InterruptedError


def _killed_after(bench: Bench, microseconds: int, folder: Path) -> None:
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begun, b"1")
        _write_for_ever(folder, bench.folder / "error.txt")
    os.read(ready, 1)
    time.sleep(microseconds / 1e6)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(ready)
    os.close(begun)
    if not os.WIFSIGNALED(status):
        bench.fault(UNCLEAR, (bench.folder / "error.txt").read_text())


def _write_for_ever(folder: Path, error: Path) -> None:
    """Write until killed; only an error ends it."""
    try:
        for generation in count(os.getpid() * 1000):
            _write(folder, generation)
    except BaseException as fault:
        error.write_text(repr(fault))
    os._exit(1)


def _judge_next(bench: Bench, folder: Path, when: str) -> None:
    """Judge what is there; what a kill between two renames put aside, the next writer puts back."""
    if is_put_aside(folder):
        _fail_to_write(folder)
    _judge(bench, folder, when)


def _judge(bench: Bench, folder: Path, when: str) -> None:
    broken = why_not_whole(folder)
    if broken:
        bench.fault(LOST, f"{broken}, {when}")
        return
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS]
    generations = {json.loads(path.read_text())["generation"] for path in files}
    if len(files) != NUM_FILES or len(generations) != 1:
        bench.fault(WRONG, f"{len(files)} files of {len(generations)} hand-overs, {when}")
