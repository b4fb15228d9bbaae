"""The comparison as a terminal shows it: the answer, and a row for each cell that was timed.

No line is longer than WIDTH. What it leaves out is in table.py's text, which compare.log keeps.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress

from stages.common.figures import fraction_of_images, milliseconds, quantity
from stages.common.reasons import Named, alike, from_to, numbered
from stages.common.text import INDENT, WIDTH, aligned, hanging, times, wrapped
from stages.compare.accuracy import images_of
from stages.compare.answer import answers
from stages.compare.cautions import had_one_round, is_derived, is_trusted
from stages.compare.effects import CellKey
from stages.compare.matrix import interval_notes, note_of_groups, or_dash, with_spread
from stages.compare.models import Summaries, models_of
from stages.compare.not_run import not_run_rows
from stages.compare.rehearsed import NOTHING, Rehearsed
from stages.compare.same import same_rows
from stages.compare.table import check_rows, head_lines, invalid_cells, name_of
from stages.precisions import FP32
from stages.records.compare import CompareRecord, Row

COLUMNS = (
    "isa cap",
    "precision",
    "runtime",
    "images/s",
    "p50 ms",
    "server/s",
    "top-1",
    "speed-up",
    "status",
)
# Left out in this order, as far as lines would else be too long.
DISPENSABLE = ("top-1", "p50 ms", "server/s")
# The column that a scenario's figure is in.
SCENARIOS = {"offline": "images/s", "single_stream": "p50"}
NOT_TRUSTED = "not trusted"
# The numbers of the notes on a cell, by its name.
Numbers = Mapping[str, Sequence[int]]


def render_answers(record: CompareRecord, summaries: Summaries) -> str:
    """Return the answer in a sentence, or in one for each runtime; `summaries` are by runtime."""
    found = answers(record, models_of(record, summaries))
    return "\n".join(line for answer in found for line in wrapped(answer))


def render_short(
    record: CompareRecord, summaries: Summaries, rehearsed: Rehearsed = NOTHING
) -> str:
    """Return the answer, the table with its notes, the checks and what was not run."""
    numbers, notes = _numbered(record)
    blocks = [
        render_answers(record, summaries),
        _head(record),
        _table(record, numbers),
        "\n".join(map(hanging, filter(None, (_same(record), notes, _meanings(record))))),
        hanging(check_rows(record)),
        hanging(not_run_rows(record, rehearsed)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _head(record: CompareRecord) -> str:
    lines = head_lines(record)
    return "\n".join(line for long in lines for line in wrapped(long, "", " " * INDENT))


def _numbered(record: CompareRecord) -> tuple[dict[str, list[int]], list[tuple[str, str]]]:
    """Return by name the numbers of the notes on each cell, and the notes, with their numbers.

    A note on all cells has no number.
    """
    timed = {name_of(row, record) for row in _timed(record)}
    of_all, of_some = list[list[Named]](), list[list[Named]]()
    for group in alike(invalid_cells(record)):
        is_of_all = len(timed) > 1 and {cell for cell, _ in group} >= timed
        (of_all if is_of_all else of_some).append(group)
    notes = [("all cells", _note(group)) for group in of_all]
    notes += [(f"[{number}]", _note(group)) for number, group in enumerate(of_some, 1)]
    return numbered(of_some), notes


def _note(group: Sequence[Named]) -> str:
    """Return what is wrong with some figures, and which they are."""
    figures = SCENARIOS.get(group[0][1].scenario, "")
    return ": ".join(filter(None, (figures, from_to(group))))


def _timed(record: CompareRecord) -> list[Row]:
    """Return the rows whose figures are their own."""
    return [row for row in record.rows if not is_derived(row)]


def _table(record: CompareRecord, numbers: Numbers) -> str:
    rows = [COLUMNS, *(tuple(_cells(record, row, numbers)) for row in _timed(record))]
    left_out = set() if len(record.versions) > 1 else {"runtime"}
    if all(row.server_per_s is None for row in record.rows):
        left_out.add("server/s")
    for column in ("", *DISPENSABLE):
        left_out.add(column)
        kept = [name not in left_out for name in COLUMNS]
        text = aligned([tuple(compress(row, kept)) for row in rows])
        if max(map(len, text.splitlines())) <= WIDTH:
            break
    return text


def _cells(record: CompareRecord, row: Row, numbers: Numbers) -> Iterator[str]:
    once = had_one_round(record, row.runtime)
    yield from (row.isa, row.precision, row.runtime)
    yield with_spread(row.throughput_images_per_s, once=once)
    yield with_spread(row.latency_p50_ms, milliseconds, once=once)
    yield or_dash(row.server_per_s, quantity)
    yield fraction_of_images(row.accuracy_top1, images_of(record))
    ratio = row.precision_speedup
    # FP32 over itself has no interval.
    yield "1.00x" if row.precision == FP32 else times(ratio, once=once) if ratio else "-"
    yield _status(record, row, numbers)


def _status(record: CompareRecord, row: Row, numbers: Numbers) -> str:
    """Return how a cell ran; native goes without saying if its figures can't be relied on."""
    ran = [] if row.verdict == "native" else [row.verdict]
    if not row.valid:
        shown = ",".join(map(str, numbers.get(name_of(row, record), ())))
        return ", ".join([*ran, f"INVALID [{shown}]" if shown else "INVALID"])
    return ", ".join([*ran, NOT_TRUSTED]) if not is_trusted(record, row.runtime) else row.verdict


def _statuses(record: CompareRecord) -> str:
    marks = ["native: in its own precision, by kernels of its cap, as oneDNN's log proves"]
    if not all(row.valid for row in _timed(record)):
        marks.append("INVALID: a figure can't be relied on, for the reasons above")
    if any(NOT_TRUSTED in _status(record, row, {}) for row in _timed(record)):
        marks.append(f"{NOT_TRUSTED}: the whole run is in doubt, {_why_in_doubt(record)}")
    return "; ".join(marks)


def _why_in_doubt(record: CompareRecord) -> str:
    """Return what brings the runs that are not to be trusted in doubt."""
    doubtful = [repeat for repeat in record.repeats if not repeat.trusted]
    kinds = {reason.kind for repeat in doubtful for reason in repeat.reasons}
    if "few_rounds" not in kinds:
        return "as the cell measured twice shows"
    return "as its rounds are too few" if len(kinds) == 1 else "for the reasons below"


def _same(record: CompareRecord) -> list[tuple[str, str]]:
    """Return the cells that have the figures of another, by that one's cap."""
    cells = ((CellKey(row.runtime, row.precision, row.isa), row) for row in record.rows)
    return same_rows(cells, named=len(record.versions) > 1)


def _meanings(record: CompareRecord) -> list[tuple[str, str]]:
    """Return what the columns mean."""
    meanings = [
        *interval_notes(record),
        ("isa cap", "the highest instruction set that oneDNN may use (ONEDNN_MAX_CPU_ISA)"),
        ("speed-up", "images/s over FP32's at the same cap"),
        ("status", _statuses(record)),
    ]
    return [*meanings, ("speed-up", note_of_groups(record))] if record.in_groups else meanings
