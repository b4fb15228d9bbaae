"""The table of all tries, and the file that has each of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.campaigns.tries import FAULTS, Try

BEGIN, END = "<!-- The table: begin -->\n", "<!-- The table: end -->\n"
MAX_REASON = 60


def write(path: Path, tries: Sequence[Try]) -> None:
    """Write all tries to a JSON file."""
    path.write_text(json.dumps([made.as_json() for made in tries], indent=1) + "\n")


def read(paths: Iterable[Path]) -> list[Try]:
    """Return the tries in files that `write` wrote."""
    return [Try.from_json(data) for path in paths for data in json.loads(path.read_text())]


def table(tries: Sequence[Try]) -> str:
    """Return a Markdown table: for each row, how many tries had each kind of fault."""
    head = ("fault", "tries", *FAULTS)
    rows = [_row(tries, key) for key in dict.fromkeys((made.campaign, made.row) for made in tries)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows, _sums(tries))]
    return "\n".join([lines[0], "| --- |" + " ---: |" * (len(head) - 1), *lines[1:]]) + "\n"


def write_table(page: Path, tries: Sequence[Try]) -> None:
    """Put the table into a page, between two comments that are there."""
    before, rest = page.read_text().split(BEGIN)
    page.write_text(before + BEGIN + table(tries) + END + rest.split(END)[1])


def _row(tries: Sequence[Try], key: tuple[str, str]) -> list[str]:
    own = [made for made in tries if (made.campaign, made.row) == key]
    skipped = [made for made in own if made.skipped]
    count = f"{_made(own)}" + (
        f" ({len(skipped)} not tried: {_reason(skipped[0])})" if skipped else ""
    )
    return [f"{key[0]}: {key[1]}", count, *_counts(own)]


def _sums(tries: Sequence[Try]) -> list[str]:
    return ["all", str(_made(tries)), *_counts(tries)]


def _made(tries: Sequence[Try]) -> int:
    return sum(made.count for made in tries if not made.skipped)


def _counts(tries: Sequence[Try]) -> list[str]:
    return [str(sum(kind in made.faults for made in tries)) for kind in FAULTS]


def _reason(made: Try) -> str:
    return made.skipped[:MAX_REASON].replace("|", "/")
