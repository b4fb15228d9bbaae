"""Bundles that someone made to do harm: each must be refused, and reach nothing outside.

`invoke verify` runs as a process of its own with little memory, small files and little time.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from random import Random

from docker.paths import ROOT
from tests.campaigns.judging import judge_end, judge_output
from tests.campaigns.product import LOCAL, bundle, environment, finished, invoke, started
from tests.campaigns.tries import FILES, RUNNING, WRONG, Bench, Case, NotTriedError, Options

Maker = Callable[[Path, Path], Iterator[tuple[str, Path]]]
GIB = 2**30
MEMORY_BYTES, FILE_BYTES, LIMIT_S = 2 * GIB, GIB, 60.0
KILLED_S = 5.0
# The Python program that limits itself, and then becomes the command.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
os.execv(sys.argv[3], sys.argv[3:])
"""


def cases(options: Options) -> Sequence[Case]:
    """Return a try for each hostile bundle; if there are more than asked for, for some of all."""
    source = import_module("tests.hostile_bundles")
    total = len(source.FILES) + len(source.MEMBERS) + len(source.FOLDERS)
    chosen = Random(options.seed).sample(range(total), min(total, options.tries))
    made = Made(options, source.hostile_bundles)
    return [Case("hostile bundles", number, Hostile(made, number)) for number in sorted(chosen)]


class Made:
    """Hostile bundles by their numbers; each is there until a later one is asked for."""

    def __init__(self, options: Options, make: Maker) -> None:
        self._options, self._make = options, make
        self._bundles: Iterator[tuple[int, tuple[str, Path]]] = iter(())
        self._number = -1

    def __getitem__(self, number: int) -> tuple[str, Path]:
        if number <= self._number or self._number < 0:
            self._begin()
        for reached, made in self._bundles:
            self._number = reached
            if reached == number:
                return made
        raise NotTriedError("there are fewer bundles")

    def _begin(self) -> None:
        folder = self._options.folder / "hostile"
        shutil.rmtree(folder, ignore_errors=True)
        good = bundle(self._options, self._options.runners[-1])
        self._bundles = enumerate(self._make(good, folder))


class Hostile:
    """One hostile bundle."""

    def __init__(self, made: Made | Mapping[int, tuple[str, Path]], number: int) -> None:
        self.made, self.number = made, number

    def __call__(self, bench: Bench) -> None:
        name, path = self.made[self.number]
        bench.done.append(name)
        temporary = bench.folder / "tmp"
        source = finished(bench.options, bench.options.runners[-1])
        environ = environment(source, temporary, LOCAL)
        before = _listing(bench.folder) | _listing(ROOT)
        sizes = [str(MEMORY_BYTES), str(FILE_BYTES)]
        argv = [sys.executable, "-c", LIMITED, *sizes, *invoke("verify", str(path))]
        with started(bench, argv, environ) as command:
            code = command.code_within(LIMIT_S)
            if code is None:
                command.kill(9, group=True)
                command.code_within(KILLED_S)
                bench.fault(RUNNING, f"not refused within {LIMIT_S:.0f} s")
                return
            output = command.output
        _judge(bench, code, output)
        new = (_listing(bench.folder) | _listing(ROOT)) - before
        left = sorted(path for path in new if not Path(path).name.startswith("output-"))
        if left:
            bench.fault(FILES, ", ".join(left[:5]))


def _judge(bench: Bench, code: int, output: str) -> None:
    if code == 0:
        judge_output(bench, output)
        bench.fault(WRONG, "accepted")
    else:
        judge_end(bench, code, output)


def _listing(folder: Path) -> set[str]:
    """Return the paths in a folder, but for what programs write on their own account."""
    skipped = {".git", "__pycache__", ".venv", ".venv-stages"}
    found: set[str] = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in skipped and "_cache" not in name]
        found |= {f"{place}/{name}" for name in (*folders, *files)}
    return found
