"""Bundles that someone made to do harm: each must be refused, and reach nothing outside.

`invoke verify` runs as a process of its own with little memory, small files and little time.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from itertools import islice
from pathlib import Path

from docker.paths import ROOT
from tests.campaigns.judging import judge_end, judge_output
from tests.campaigns.product import LOCAL, bundle, environment, finished, invoke, started
from tests.campaigns.tries import FILES, RUNNING, WRONG, Bench, Case, Options

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
    """Return a try for each hostile bundle, at most as many as are asked for."""
    made = enumerate(_hostile(options))
    return [Case("hostile bundles", number, Hostile(*pair)) for number, pair in made]


@lru_cache
def _hostile(options: Options) -> list[tuple[str, Path]]:
    """Write all hostile bundles; return their names and paths."""
    folder = options.folder / "hostile"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    good = bundle(options, options.runners[-1])
    made = import_module("tests.hostile_bundles").hostile_bundles(good, folder)
    return list(islice(made, options.tries))


class Hostile:
    """One hostile bundle."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def __call__(self, bench: Bench) -> None:
        bench.done.append(self.name)
        temporary = bench.folder / "tmp"
        environ = environment(finished(bench.options, bench.options.runners[-1]), temporary, LOCAL)
        before = _listing(bench.folder) | _listing(ROOT)
        sizes = [str(MEMORY_BYTES), str(FILE_BYTES)]
        argv = [sys.executable, "-c", LIMITED, *sizes, *invoke("verify", str(self.path))]
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
