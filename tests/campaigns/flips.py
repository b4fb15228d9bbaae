"""Files that a disk or a person changed: single bits, and ends that are missing.

What reads them next must refuse them, naming the file, or, if it is a cache, make them again. Most
tries call the product's checks in this process; some run whole commands.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from io import StringIO
from pathlib import Path

from docker.share.bundle import verify_bundle
from stages.artifacts import read_record, verify
from stages.errors import (
    StageError,
)
from stages.folder.cache import cached
from stages.records.base import Record
from stages.records.compare import CompareRecord
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from tests.campaigns.damage import REFUSALS, damage, files_of, source_of
from tests.campaigns.flipped_commands import NAME, Command, train_from_cache
from tests.campaigns.folders import SUMS, copied, snapshot
from tests.campaigns.product import bundle
from tests.campaigns.tries import TRACEBACK, UNCLEAR, WRONG, Bench, Case, Options

RECORDS: dict[str, type[Record]] = {
    "train.json": TrainRecord,
    "quantize.json": QuantizeRecord,
    "measurements.json": ProfileRecord,
    "compare.json": CompareRecord,
    "32.json": ModelSummary,
    "8.json": ModelSummary,
}
# By row: where its files are, and how many tries of a thousand it gets.
PLACES = {
    "models": (("*/model_*/**/*",), 150),
    "images": (("train/data/*.npz",), 100),
    "records": (("*/*.json",), 200),
    "logs": (("*/*.log", "*/proof/*", "profile/loadgen/**/*"), 170),
    "pictures": (("compare/*.png",), 50),
    "lists of checksums": (("*/SHA256SUMS",), 150),
}
CACHE = ("cache", ".cache/**/SHA256SUMS", 80)
BUNDLE = ("bundle", 60)
COMMANDS = {"compare": 12, "bundle": 11, "verify": 11}
TRAIN = ("train's cache, train as a command", 6)
THOUSAND = 1000


def cases(options: Options) -> Sequence[Case]:
    """Return the tries, of all kinds of files."""
    checks: list[tuple[str, int, Callable[[Bench], None]]] = [
        *((row, weight, FlippedFile(row)) for row, (_, weight) in PLACES.items()),
        (CACHE[0], CACHE[2], flipped_cache),
        (BUNDLE[0], BUNDLE[1], flipped_bundle),
        *((f"{task}, as a command", number, Command(task)) for task, number in COMMANDS.items()),
        (*TRAIN, train_from_cache),
    ]
    counts = [-(-weight * options.tries // THOUSAND) for _, weight, _ in checks]
    rows = zip(checks, counts, strict=True)
    return [Case(row, number, check) for (row, _, check), count in rows for number in range(count)]


def judge_refusal(bench: Bench, check: Callable[[], object], names: str) -> None:
    """A check must raise an error of a known kind, in one line that names the file."""
    try:
        check()
    except StageError as error:
        bench.codes.append(error.exit_code)
        bench.lines.append(str(error))
        if error.exit_code not in REFUSALS or names not in str(error):
            bench.fault(UNCLEAR, f"code {error.exit_code}: {error}")
    except Exception as error:
        bench.fault(TRACEBACK, repr(error)[:300])
    else:
        bench.fault(WRONG, "accepted: " + "; ".join(bench.done))


class FlippedFile:
    """A file of a stage's folder, which the next stage checks before it reads anything."""

    def __init__(self, row: str) -> None:
        self.patterns = PLACES[row][0]

    def __call__(self, bench: Bench) -> None:
        root = _own_copy(bench)
        path = bench.dice.choice(files_of(root, self.patterns))
        kept = path.read_bytes()
        stage = root / path.relative_to(root).parts[0]
        names = str(stage) if path.name == SUMS else path.name
        try:
            damage(bench, path, str(path.relative_to(root)))
            judge_refusal(bench, lambda: verify(stage), names)
            _judge_reading(bench, path)
        finally:
            path.write_bytes(kept)


def _judge_reading(bench: Bench, path: Path) -> None:
    """A record that is read without that check may be refused, but not end in a traceback."""
    if path.name in RECORDS:
        try:
            read_record(path, RECORDS[path.name])
        except StageError:
            pass
        except Exception as error:
            bench.fault(TRACEBACK, f"reading the record: {error!r}"[:300])


def flipped_cache(bench: Bench) -> None:
    """A file of train's cache, which must be made again."""
    root = _own_copy(bench)
    folder = bench.dice.choice(files_of(root, [CACHE[1]])).parent
    path = bench.dice.choice(files_of(folder, ["**/*"]))
    source = source_of(bench) / folder.relative_to(root)
    damage(bench, path, str(path.relative_to(root)))
    try:
        with redirect_stdout(StringIO()):
            cached(folder, lambda partial: _fill(source, partial))
        if _contents(folder) != _contents(source):
            bench.fault(WRONG, "accepted: " + "; ".join(bench.done))
    except Exception as error:
        bench.fault(TRACEBACK, repr(error)[:300])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)


def _fill(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SUMS))


def _contents(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in snapshot(folder).items() if name != SUMS}


def flipped_bundle(bench: Bench) -> None:
    """A byte of a bundle; the whole bundle is named, as its parts look alike from outside."""
    path = bench.folder / NAME
    shutil.copy(bundle(bench.options, bench.options.runners[-1]), path)
    damage(bench, path, NAME)
    judge_refusal(bench, lambda: verify_bundle(path), "")


def _own_copy(bench: Bench) -> Path:
    """Return a copy of the artifacts that only this process changes, and puts right again."""
    return _copy_of(source_of(bench), bench.options.folder / "workers" / str(os.getpid()))


@lru_cache
def _copy_of(source: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return copied(source, folder)
