"""Do harm on purpose, over and over, and count what comes of it.

`python -m tests.campaigns NAME` makes the tries of a campaign and prints their table;
`python -m tests.campaigns table FILE...` prints the table of tries that were made before.
"""

import argparse
import atexit
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from importlib import import_module
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from tests.campaigns import report
from tests.campaigns.processes import adopt_orphans, descendants, end_all
from tests.campaigns.product import RUNNERS, prepare
from tests.campaigns.tries import Case, Options, Try, carry_out
from tests.signals import unignore_for_children

# By campaign: tries of each row unless others are asked for, and whether several run at once.
CAMPAIGNS = {
    "kills": (20, False),
    "handover": (2000, False),
    "full": (20, False),
    "flips": (1000, True),
    "bundles": (200, False),
    "pairs": (10, False),
}
TABLE = "table"


def main() -> int:
    """Do what the command line says; return 1 if there was a fault, else 0."""
    asked = _parse(sys.argv[1:])
    tries = report.read(asked.files) if asked.name == TABLE else _make(asked)
    if asked.write:
        report.write_table(asked.write, tries)
    print(report.table(tries), end="")
    return int(any(made.faults for made in tries))


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.campaigns", description=__doc__)
    parser.add_argument("name", choices=[*CAMPAIGNS, TABLE])
    parser.add_argument("files", nargs="*", type=Path, help="for table: what --output wrote")
    parser.add_argument("--tries", type=int, help="of each row of kills, full and pairs; else all")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same tries")
    parser.add_argument("--runner", choices=[*RUNNERS, "both"], default="both")
    parser.add_argument("--only", default="", help="one row, or one try of it: ROW/NUMBER")
    parser.add_argument("--output", type=Path, help="JSON file to write, with every try")
    parser.add_argument("--write", type=Path, help="page to put the table into")
    parser.add_argument("--artifacts", type=Path, help="of a whole pipeline, instead of a new one")
    folder = Path(tempfile.gettempdir(), "vgg19-campaigns")
    parser.add_argument("--folder", type=Path, default=folder, help="where tries are made")
    return parser.parse_args(argv)


def _make(asked: argparse.Namespace) -> list[Try]:
    """Make the tries of a campaign; the file of them is written after each."""
    options = Options(
        folder=asked.folder.resolve(),
        tries=asked.tries or CAMPAIGNS[asked.name][0],
        seed=asked.seed,
        runners=RUNNERS if asked.runner == "both" else (asked.runner,),
        artifacts=asked.artifacts and asked.artifacts.resolve(),
    )
    adopt_orphans()
    unignore_for_children()
    if CAMPAIGNS[asked.name][1]:
        prepare(options)
    wanted = [
        index
        for index, case in enumerate(_cases(asked.name, options))
        if asked.only in ("", case.row, case.name)
    ]
    tries: list[Try] = []
    # Whatever ends this, what it started ends with it.
    atexit.register(lambda: end_all(list(descendants())))
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))
    for made in _mapped(CAMPAIGNS[asked.name][1])(partial(_try, asked.name, options), wanted):
        tries.append(made)
        _show(made, options)
        if asked.output and (made.faults or made.seconds > 1 or len(tries) == len(wanted)):
            report.write(asked.output, tries)
    return tries


def _mapped(at_once: bool) -> Callable[..., "Sequence[Try]"]:
    """Return a map; in processes of their own, if several tries may run at once."""
    if not at_once:
        return map  # type: ignore[return-value]
    pool = ProcessPoolExecutor(cpu_count(), mp_context=get_context("fork"))
    return partial(pool.map, chunksize=1)  # type: ignore[return-value]


def _try(campaign: str, options: Options, index: int) -> Try:
    return carry_out(campaign, _cases(campaign, options)[index], options)


@lru_cache
def _cases(campaign: str, options: Options) -> Sequence[Case]:
    cases: Sequence[Case] = import_module(f"tests.campaigns.{campaign}").cases(options)
    return cases


def _show(made: Try, options: Options) -> None:
    """Print a try that took a while, or had a fault; then also how to repeat it."""
    if made.faults or made.seconds > 1:
        print(f"{made.campaign}: {made.name}: {made.verdict}, {made.seconds:.0f} s", flush=True)
    if made.faults:
        seen = "; ".join(f"{kind}: {what}" for kind, what in made.faults.items())
        again = f"--seed {made.seed} --tries {options.tries} --only '{made.name}'"
        runner = options.runners[0] if len(options.runners) == 1 else "both"
        print(f"  {seen}\n  {'; '.join(made.done)}")
        print(f"  again: python -m tests.campaigns {made.campaign} {again} --runner {runner}")


if __name__ == "__main__":
    sys.exit(main())
