"""The table of all measured cells, one row each, and the notes on its columns."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress

from stages.common.chance import MAX_P
from stages.common.figures import (
    ends_of_fraction,
    fraction_of_images,
    loss_in_words,
    milliseconds,
    quantity,
)
from stages.common.reasons import MORE
from stages.common.stats import spread
from stages.common.text import NO_INTERVAL, ONCE, aligned, times
from stages.compare.accuracy import images_of, p_in_words
from stages.compare.cautions import had_one_round, is_trusted, too_few_rounds
from stages.isa import get_isa
from stages.precisions import FP32
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row

COLUMNS = (
    "isa cap",
    "precision",
    "runtime",
    "images/s",
    "p50 ms",
    "p90 ms",
    "server/s",
    "top-1",
    "loss",
    "as fp32",
    "precision effect",
    "ISA effect",
    "verdict",
    "kernel",
)
# What the effects are where memory did not hold all cells at once.
IN_GROUPS = (
    "over the rounds that both cells share, or through the cell measured twice: cells were "
    "measured in groups, so the figures shown need not divide to them"
)
# Beside figures with their ratio, of unlike rounds.
NEED_NOT = "cells were measured in groups: figures need not divide to their ratio"
SHARED = "over the rounds that both shared"
CHANCE = (
    f"how likely chance alone makes as much; above {MAX_P}, no difference is shown, which is no "
    "proof that there is none"
)
VERDICTS = (
    ("emulated", "BF16 without the instructions for it"),
    ("same-as", "the same kernels as at a lower cap, so the same figures"),
)
# Two runs minutes apart had intervals of rates that did not meet; those of ratios did.
WITHIN = "intervals hold within this run: rates of another run may lie outside, ratios less so"


def render_matrix(record: CompareRecord) -> str:
    """Return the table; the runtime and the server's rate have a column only if there is need."""
    left_out = set() if len(record.versions) > 1 else {"runtime"}
    if all(row.server_per_s is None for row in record.rows):
        left_out.add("server/s")
    kept = [column not in left_out for column in COLUMNS]
    rows = [COLUMNS, *map(partial(_cells, record), record.rows)]
    return aligned([tuple(compress(row, kept)) for row in rows])


def _cells(record: CompareRecord, row: Row) -> tuple[str, ...]:
    once, images = had_one_round(record, row.runtime), images_of(record)
    return (
        row.isa,
        row.precision,
        row.runtime,
        with_spread(row.throughput_images_per_s, once=once),
        with_spread(row.latency_p50_ms, milliseconds, once=once),
        or_dash(row.latency_p90_ms, milliseconds),
        or_dash(row.server_per_s, quantity),
        _top1(row, images),
        _loss(row),
        "-" if row.agreement_fp32 is None else fraction_of_images(row.agreement_fp32, images),
        *(
            times(ratio, once=once) if ratio else "-"
            for ratio in (row.precision_speedup, row.isa_speedup)
        ),
        _verdict(row, trusted=is_trusted(record, row.runtime)),
        row.kernel,
    )


def _verdict(row: Row, *, trusted: bool) -> str:
    if not row.valid:
        return f"INVALID, {row.verdict}"
    return row.verdict if trusted else f"NOT TO BE TRUSTED, {row.verdict}"


def _top1(row: Row, images: int) -> str:
    exact = row.accuracy_interval
    between = f" ({ends_of_fraction(exact, images)})" if exact else ""
    return f"{fraction_of_images(row.accuracy_top1, images)}{between}"


def _loss(row: Row) -> str:
    found = row.accuracy_difference
    chance = f" ({p_in_words(found)})" if found else ""
    is_against_fp32 = found or row.precision == FP32
    known = row.accuracy_loss is not None or is_against_fp32
    return f"{loss_in_words(row.accuracy_loss) if known else '-'}{chance}"


def with_spread(found: Interval, in_words: Callable[[float], str] = quantity, *, once: bool) -> str:
    """Return a figure with half the width of its interval, which there is none of after a round."""
    return f"{in_words(found.estimate)} {ONCE if once else f'±{spread(found):.1%}'}"


def or_dash(value: float | None, in_words: Callable[[float], str]) -> str:
    """Return a figure in words, a dash if there is none."""
    return "-" if value is None else in_words(value)


def render_notes(record: CompareRecord) -> str:
    """Return what the columns mean, a line each."""
    reference = f"{record.isa_reference} ({get_isa(record.isa_reference).label})"
    compared = any(row.accuracy_difference for row in record.rows)
    notes = [
        *interval_notes(record),
        ("isa cap", "oneDNN capped by ONEDNN_MAX_CPU_ISA; proven by oneDNN's own log"),
        ("precision effect", "images/s over FP32's at the same cap"),
        ("ISA effect", f"images/s over those of the same precision at {reference}"),
        (
            "top-1",
            "fraction of the test split with the right class, and its exact 95% interval over the "
            "images (Clopper-Pearson)",
        ),
        ("loss", "relative loss of top-1 against FP32 at the same cap"),
        *([("p", CHANCE)] if compared else []),
        ("as fp32", "fraction of images to which FP32 at the highest cap gives the same class"),
        *(note for note in VERDICTS if any(row.verdict.startswith(note[0]) for row in record.rows)),
    ]
    notes += [("effects", note_of_groups(record))] if record.in_groups else []
    if len(record.versions) > 1:
        notes.append(("runtime", "whatever a row compares is within its runtime"))
    return aligned(notes)


def note_of_groups(record: CompareRecord) -> str:
    """Return what effects are, and of which runtimes if not of all; some were in groups."""
    return in_groups_of([] if len(record.in_groups) == len(record.versions) else record.in_groups)


def in_groups_of(names: Sequence[str]) -> str:
    """Return what effects are where cells of these machines or runtimes were in groups."""
    whose = f"the cells of {' and '.join(names)} were measured in groups"
    return IN_GROUPS.replace("cells were measured in groups", whose) if names else IN_GROUPS


def interval_notes(record: CompareRecord) -> list[tuple[str, str]]:
    """Return what stands beside figures, and what it means."""
    turns = "95% interval over the rounds, in which the cells took turns; ±: half its width"
    notes = [("(from-to)", turns), ("", WITHIN)] if has_intervals(record) else []
    for few in notes_of_few(record):
        span = "what the rounds span" if notes else "what the rounds span, and ± half its width"
        notes.append(("" if notes else "(from-to)", f"{span}: {few}"))
    if any(had_one_round(record, runtime) for runtime in record.versions):
        notes.append((ONCE, f"{NO_INTERVAL}; chance may have moved it by any amount"))
    return notes


def has_intervals(record: CompareRecord) -> bool:
    """Return whether any runtime had enough rounds for intervals."""
    return not all(
        had_one_round(record, runtime) or too_few_rounds(record, runtime)
        for runtime in record.versions
    )


def notes_of_few(record: CompareRecord) -> list[str]:
    """Return that rounds are too few for intervals, for each runtime of which that is so."""
    several = len(record.versions) > 1
    found = {runtime: too_few_rounds(record, runtime) for runtime in record.versions}
    return [
        f"{f'{runtime}: ' if several else ''}{few} of 95%; {MORE}"
        for runtime, few in found.items()
        if few
    ]
