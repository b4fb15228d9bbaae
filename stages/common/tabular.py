"""Tables for other programs, as CSV and as Markdown, with the names of strangers in them.

In no spreadsheet may such a name be a formula, in no page markup.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from stages.common.text import MAX_CELL
from stages.program.printable import printable
from stages.records.summary import SummaryRow, Value

# What spreadsheets take for the beginning of a formula, also in full width.
FORMULAS = "=+-@\t\r＝＋－＠"  # noqa: RUF001
TEXT_MARK = "'"
# Where a formula may begin: with the text, or behind what separates cells in other countries.
_BEGINNING = re.compile(rf"(?:^|[;|])(?=[\s\"']*[{re.escape(FORMULAS)}])")
_MARKUP = re.compile(r"[^\w .,:()/%+#-]|_")
# What GitHub makes links of without being asked.
_LINKS = re.compile(r"(?i)(?<=www)\.|(?<=http):|(?<=https):|(?<=ftp):")


def as_csv(rows: Sequence[SummaryRow]) -> str:
    """Return rows, all of the same columns, as CSV with the columns' names in its first line.

    What is not known is empty. What a spreadsheet would compute has an apostrophe before it.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_defused(value) for value in row.values()] for row in rows)
    return stream.getvalue()


def as_markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows of texts, which are Markdown themselves, as a table; at least one row."""
    lines = [[*rows[0]], ["---"] * len(rows[0]), *([*row.values()] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plain(text: str) -> str:
    """Return a text in which Markdown and HTML find nothing to do."""
    shown = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", printable(text, MAX_CELL))
    return _LINKS.sub(lambda match: f"&#{ord(match[0])};", shown)


def _defused(value: Value) -> Value:
    """Return a value as it is written: a text on one line, and never a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    return _BEGINNING.sub(rf"\g<0>{TEXT_MARK}", printable(value, MAX_CELL))
