"""A try of a campaign: what was done, and all that was wrong afterwards."""

import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LOST, WRONG, TRACEBACK = "lost artifacts", "wrong results", "tracebacks"
RUNNING, FILES, UNCLEAR = "left running", "left files", "unclear ends"
# The columns of the table, in its order.
FAULTS = (LOST, WRONG, TRACEBACK, RUNNING, FILES, UNCLEAR)
MAX_LINES = 12


class NotTriedError(Exception):
    """A try can't be made here, or the fault that it needs did not come about."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line.

    - `tries`: of each row.
    - `folder`: where tries are made, and where what takes long to make is kept.
    - `artifacts`: those of a whole pipeline; if not given, the campaign makes its own.
    """

    folder: Path
    tries: int
    seed: int = 0
    runners: tuple[str, ...] = ("local",)
    artifacts: Path | None = None


@dataclass
class Bench:
    """What one try has for itself: a folder, dice, and a place to write down what was seen."""

    folder: Path
    dice: random.Random
    options: Options
    faults: dict[str, str] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ending: list[Callable[[], object]] = field(default_factory=list)
    count: int = 1

    def fault(self, kind: str, seen: str) -> None:
        """Write down a fault; of one kind, the first one stays."""
        assert kind in FAULTS, kind
        self.faults.setdefault(kind, seen)

    def printed(self, output: str) -> None:
        """Keep the last lines of what a command printed."""
        self.lines += output.splitlines()[-MAX_LINES:]


@dataclass(frozen=True, slots=True)
class Case:
    """A try that can be made: its row in the table, its number in it, and how it is made."""

    row: str
    number: int
    run: Callable[[Bench], None]

    @property
    def name(self) -> str:
        """The name by which this one is repeated."""
        return f"{self.row}/{self.number}"


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was made.

    - `done`: what was done to the product, and when.
    - `faults`: what was seen, by kind of fault; empty if all was well.
    - `count`: how many tries it stands for, if it made many small ones.
    - `skipped`: why it was not made; empty if it was.
    """

    campaign: str
    name: str
    row: str
    seed: int
    done: list[str]
    codes: list[int]
    faults: dict[str, str]
    lines: list[str]
    seconds: float
    count: int = 1
    skipped: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what the file of all tries has of this one."""
        return {"verdict": self.verdict, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Try":
        """Return the try that `as_json` wrote."""
        return cls(**{name: value for name, value in data.items() if name != "verdict"})

    @property
    def verdict(self) -> str:
        """One word, or the kinds of fault."""
        if self.skipped:
            return "not tried"
        return ", ".join(kind for kind in FAULTS if kind in self.faults) or "well"


def carry_out(campaign: str, case: Case, options: Options) -> Try:
    """Make a try; its folder stays only if there was a fault."""
    name = f"{campaign}/{case.name}"
    folder = options.folder / "tries" / name.replace("/", "-").replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench = Bench(folder, random.Random(f"{options.seed} {name}"), options)
    began, skipped = time.monotonic(), ""
    try:
        case.run(bench)
    except NotTriedError as reason:
        skipped = str(reason)
    except Exception as error:  # of the campaign itself; the tries after it are made all the same
        bench.fault(UNCLEAR, f"this could not be judged: {error!r}")
    finally:
        for end in reversed(bench.ending):
            end()
    seconds = round(time.monotonic() - began, 2)
    if not bench.faults:
        shutil.rmtree(folder, ignore_errors=True)
    shown = bench.lines if bench.faults else bench.lines[-2:]
    seen = (bench.done, bench.codes, bench.faults, shown, seconds, bench.count, skipped)
    return Try(campaign, case.name, case.row, options.seed, *seen)
