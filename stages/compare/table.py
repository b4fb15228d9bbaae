"""The comparison as text, for the terminal and compare.log: one block after the other."""

from collections.abc import Mapping

from stages.common.chance import AT_CHANCE, at_chance
from stages.common.headline import NOT_TRUSTED
from stages.common.reasons import disturbances_in_words, in_words, to_itself, together
from stages.common.text import (
    INDENT,
    MAX_CELL,
    NO_INTERVAL,
    aligned,
    is_of_one_round,
    origins,
    when_all,
)
from stages.compare.bound import bound_rows
from stages.compare.cautions import is_derived
from stages.compare.goal import goal_rows
from stages.compare.limits import invalid_rates, render_limits
from stages.compare.matrix import render_matrix, render_notes
from stages.compare.models import Summaries, closing_line, models_of, render_models
from stages.compare.not_run import render_not_run
from stages.compare.recall import render_recalls
from stages.compare.rehearsed import NOTHING, Rehearsed
from stages.program.printable import printable
from stages.records.base import Interval
from stages.records.cell import Reason
from stages.records.compare import CompareRecord, OfCell, Repeated
from stages.records.disturbed import DisturbedTurns


def render(record: CompareRecord, summaries: Summaries, rehearsed: Rehearsed = NOTHING) -> str:
    """Return the whole comparison: host, matrix, what could not run, FP32 against INT8, headline.

    `summaries` are by runtime. Runtimes are named only if there are several. What was `rehearsed`
    stands below what could not run.
    """
    blocks = [_header(record), render_matrix(record), render_notes(record), _checks(record)]
    if record.limits:
        invalid = invalid_rates(record)
        blocks.append(render_limits(record.limits, list(record.versions), invalid))
    if record.impossible:
        blocks.append(render_not_run(record, rehearsed))
    both = models_of(record, summaries)
    caps = {models.rows[0].runtime: models.isa for models in both}
    blocks += [
        render_recalls(it, caps.get(it.runtime, it.isa), named=len(record.versions) > 1)
        for it in record.recalls
    ]
    blocks += map(render_models, both)
    if both:
        blocks.append("\n".join(map(closing_line, both)))
    return "\n\n".join(blocks) + "\n"


def _header(record: CompareRecord) -> str:
    software = {
        runtime: printable(", ".join(map(" ".join, packages.items())), MAX_CELL)
        for runtime, packages in record.versions.items()
    }
    return "\n".join([*head_lines(record), *_of_each("software", software)])


def head_lines(record: CompareRecord) -> list[str]:
    """Return the lines that say what was measured, on which machine, and when."""
    measured = {runtime: when_all(parts) for runtime, parts in record.measured.items()}
    lines = origins(record.host, record.backbone, record.data)
    return [*lines, *_of_each("measured", measured)]


def _of_each(head: str, texts: Mapping[str, str]) -> list[str]:
    """Return a line for each runtime, named if there are several."""
    lines = [*texts.values()]
    if len(lines) > 1:
        width = max(map(len, texts))
        lines = [f"{runtime.ljust(width)}  {text}" for runtime, text in texts.items()]
    first, *others = lines
    return [f"{head:{INDENT}}{first}", *(f"{'':{INDENT}}{line}" for line in others)]


def _checks(record: CompareRecord) -> str:
    """Return the lines that show whether the figures can be relied on."""
    rows = check_rows(record)
    rows += [(f"INVALID: {scenario}", line) for scenario, line in together(invalid_cells(record))]
    return aligned(rows)


def check_rows(record: CompareRecord) -> list[tuple[str, str]]:
    """Return what shows whether the run can be relied on, and the answers of INT8 and FP32."""
    rows = [*bound_rows(record)]
    rows += [row for repeat in record.repeats for row in _repeat_lines(repeat, record)]
    rows += goal_rows(record)
    rows += [
        (
            f"disturbed turns{_runtime_suffix(turns.runtime, record)}",
            f"{disturbed_in_words(turns)}: {disturbances_in_words(turns.most)}",
        )
        for turns in record.disturbed
    ]
    rows += [
        (
            f"saturates: int8 {cell.isa}{_runtime_suffix(cell.runtime, record)}",
            f"{cell.differing} of {cell.images} answers differ from those at {cell.reference_isa}",
        )
        for cell in record.saturations
    ]
    rows += [
        (f"{AT_CHANCE}{_runtime_suffix(runtime, record)}", words)
        for runtime, chance in record.chance.items()
        if (words := at_chance(chance))
    ]
    return rows


def disturbed_in_words(turns: DisturbedTurns) -> str:
    """Return how many turns were disturbed, and how many of these the figures come from."""
    counted = turns.in_figures
    text = f"{turns.disturbed} of {turns.turns}"
    return f"{text}, {counted} of them in the figures for want of quiet ones" if counted else text


def invalid_cells(record: CompareRecord) -> list[tuple[str, Reason]]:
    """Return why cells are not valid, each with the name of its cell.

    One that has the figures of another is left out: its reasons are those of the other.
    """
    timed = [cell for cell in record.rows if not is_derived(cell)]
    return [(name_of(cell, record), reason) for cell in timed for reason in cell.reasons]


def name_of(cell: OfCell, record: CompareRecord) -> str:
    """Return what names a cell in a line: its runtime, too, if there are several."""
    return f"{cell.precision} {cell.isa}{_runtime_suffix(cell.runtime, record)}"


def _repeat_lines(repeat: Repeated, record: CompareRecord) -> list[tuple[str, str]]:
    runtime = _runtime_suffix(repeat.runtime, record)
    once = is_of_one_round(repeat.reasons)
    offline, stream = (
        _ratio(ratio, once=once) for ratio in (repeat.offline_ratio, repeat.single_stream_ratio)
    )
    return [
        (
            f"measured twice: {repeat.precision} {repeat.isa}{runtime}",
            f"{offline} offline, {stream} single-stream: {_verdict(repeat)}",
        ),
        *(("", in_words(reason)) for reason in repeat.reasons),
    ]


def _ratio(ratio: Interval, *, once: bool) -> str:
    between = f"{to_itself(ratio.low)}-{to_itself(ratio.high)}"
    return f"{ratio.estimate:.3f}x ({NO_INTERVAL if once else between})"


def _runtime_suffix(runtime: str, record: CompareRecord) -> str:
    """Return what names the runtime at the end of a cell's name, if there are several."""
    return f" {runtime}" if len(record.versions) > 1 else ""


def _verdict(repeat: Repeated) -> str:
    if not repeat.trusted:
        return NOT_TRUSTED
    ratios = (repeat.offline_ratio, repeat.single_stream_ratio)
    if all(ratio.low <= 1 <= ratio.high for ratio in ratios):
        return "as it should be"
    return "as it should be, as it differs by too little to matter"
