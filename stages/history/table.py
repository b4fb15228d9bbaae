"""The history as text: a list of runs, and two runs beside each other."""

from collections.abc import Iterable, Iterator, Sequence

from stages.common.figures import fraction_of_images, least_to_most, milliseconds, quantity
from stages.common.headline import doubt, is_invalid
from stages.common.reasons import in_words
from stages.common.stats import independent_speedup
from stages.common.summaries import summaries
from stages.common.text import (
    NO_INTERVAL,
    OTHER_RUNS,
    aligned,
    few_rounds,
    hanging,
    is_of_one_round,
    times,
    too_few,
    wrapped,
)
from stages.history.conditions import ORIGIN, in_few_words, unlike
from stages.history.runs import Run
from stages.program.printable import printable
from stages.records.cell import Cell, Measurement
from stages.records.measure import counting
from stages.records.profile import ProfileRecord

HEAD = ["made (UTC)", "INT8, FP32 images/s", "ratio", "rounds", "trusted", "beside the current"]
CURRENT, ALIKE, DIFFERS = "current", "alike", "differs"
COLUMNS = ["isa cap", "precision", "images/s", "after/before", "p50 ms", "top-1"]
BOTH = "of two figures side by side, the first is from before, the second from after"
MAX_LINE = 1000
UNLIKE = "NOT TO BE COMPARED, as these differ:"
NOT_KNOWN = "NOT KNOWN WHETHER THEY MAY BE COMPARED, as the models may be the same, or not:"
SAME = "they may be compared: the same machine, model, data, program, versions, settings and layout"


def listed(runs: Sequence[Run]) -> str:
    """Return the runs of each runtime as a table, the current one first."""
    runtimes = dict.fromkeys(run.runtime for run in runs)
    return "\n\n".join(
        _of_runtime(runtime, [run for run in runs if run.runtime == runtime])
        for runtime in runtimes
    )


def compared(before: Run, after: Run) -> str:
    """Return whether two runs may be compared, and each cell that both have, with its ratio.

    Raises why one of them can't be read.
    """
    earlier, later = before.require_record(), after.require_record()
    rows = [*_rows(earlier, later)]
    ratios = f"after/before: {_of_intervals(earlier, later)}"
    table = [BOTH, ratios, aligned([COLUMNS, *rows])]
    figures = table if rows else ["no cell was measured in both"]
    lines = [
        f"before: {_named(before)}",
        f"after:  {_named(after)}",
        *_verdict(unlike(earlier, later)),
        *_hanging(_doubts(("before", before), ("after", after))),
        "",
        *figures,
    ]
    return "\n".join(lines)


def _of_runtime(runtime: str, runs: Sequence[Run]) -> str:
    current = next((run.record for run in runs if run.is_current), None)
    table = aligned([HEAD, *(_row(run, current) for run in runs)])
    notes = [
        *_differences(runs, current),
        *_doubts(*((run.made, run) for run in runs if run.record)),
    ]
    return "\n".join([runtime, table, *_hanging(notes)])


def _row(run: Run, current: ProfileRecord | None) -> list[str]:
    if run.record is None:
        return [run.made, "can't be read", "", "", "", ""]
    trusted = _trust(run).partition(":")[0]
    beside = CURRENT if run.is_current else DIFFERS if _differs(run, current) else ALIKE
    return [run.made, *_headline(run), _rounds(run), trusted, beside]


def _differs(run: Run, current: ProfileRecord | None) -> str:
    if current is None:
        return "there is no current one"
    return in_few_words(run.require_record(), current)


def _differences(runs: Sequence[Run], current: ProfileRecord | None) -> Iterator[tuple[str, str]]:
    """Yield what each run that is not the current one differs in, or why it can't be read."""
    for run in runs:
        if run.record is None:
            yield run.made, f"can't be read: {str(run.error).partition('; ')[0]}"
        elif not run.is_current and (differs := _differs(run, current)):
            yield run.made, f"{DIFFERS}: {differs}"


def _hanging(notes: Iterable[tuple[str, str]]) -> list[str]:
    return hanging(rows).splitlines() if (rows := [*notes]) else []


def _rounds(run: Run) -> str:
    """Return in how many rounds each cell counts, and in how many parts they were measured."""
    record = run.require_record()
    measured = [cell.measurement for cell in record.cells if cell.measurement]
    rounds = least_to_most([len(counting(one.offline.runs)) for one in measured])
    return f"{rounds}, in {len(record.parts)} parts" if record.added_to else rounds


def _of_intervals(*records: ProfileRecord) -> str:
    """Return what the intervals of two runs' ratios are, or that there are none."""
    if any(is_of_one_round(record.repeat.reasons) for record in records):
        return NO_INTERVAL
    few = (too_few(few_rounds(record.repeat.reasons)) for record in records)
    return next((f"{words} of 95%" for words in few if words), OTHER_RUNS)


def _headline(run: Run) -> list[str]:
    models = summaries(run.require_record())
    if not models:
        return ["not both measured", ""]
    fp32, int8 = models
    speedup = int8.throughput_speedup
    once = is_of_one_round(int8.run_reasons)
    figures = f"{quantity(int8.throughput)}, {quantity(fp32.throughput)}"
    return [figures, times(speedup, once=once) if speedup else ""]


def _trust(run: Run) -> str:
    record = run.require_record()
    repeat, models = record.repeat, summaries(record)
    if not repeat.trusted:
        cause = in_words(repeat.reasons[0]).partition("; ")[0] if repeat.reasons else ""
        return f"NO: {cause}"
    invalid = doubt(models, ["offline"]) if models else ""
    return f"in part: {invalid}" if invalid else "yes"


def _named(run: Run) -> str:
    return f"{run.made}, {run.runtime}{', the current one' if run.is_current else ''}"


def _verdict(differences: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not differences:
        yield SAME
        return
    yield NOT_KNOWN if {kind for kind, _ in differences} == {ORIGIN} else UNLIKE
    for difference in differences:
        yield from wrapped(printable(": ".join(difference), MAX_LINE), "  ", "    ")


def _doubts(*runs: tuple[str, Run]) -> Iterator[tuple[str, str]]:
    for name, run in runs:
        if (trust := _trust(run)) != "yes":
            yield name, f"trusted: {trust}"


def _rows(before: ProfileRecord, after: ProfileRecord) -> Iterator[list[str]]:
    earlier = {(cell.precision, cell.requested_isa): cell for cell in before.cells}
    for cell in after.cells:
        other = earlier.get((cell.precision, cell.requested_isa))
        old, new = (_measurement(before, other) if other else None), _measurement(after, cell)
        if old and new:
            yield [cell.requested_isa, cell.precision, *_figures(old, new)]


def _measurement(record: ProfileRecord, cell: Cell) -> Measurement | None:
    return record.measured_cell(cell).measurement


def _figures(old: Measurement, new: Measurement) -> Iterator[str]:
    """Yield the figures of a cell in both runs, marked if images/s can't be relied on."""
    invalid = " INVALID" if any(map(is_in_doubt, (old, new))) else ""
    rates = [one.offline.throughput_images_per_s.estimate for one in (old, new)]
    p50 = [one.single_stream.latency_p50_ms.estimate for one in (old, new)]
    yield ", ".join(map(quantity, rates))
    yield f"{_ratio(old, new) if all(rates) else '-'}{invalid}"
    yield ", ".join(map(milliseconds, p50))
    both = (one.accuracy for one in (old, new))
    yield ", ".join(fraction_of_images(it.top1, len(it.predictions)) for it in both)


def is_in_doubt(one: Measurement) -> bool:
    """Return whether the images/s of a cell can't be relied on."""
    return is_invalid(one.validity.reasons, "offline")


def _ratio(old: Measurement, new: Measurement) -> str:
    ratio = independent_speedup("offline", new.offline.runs, old.offline.runs)
    return times(ratio, once=min(len(counting(one.offline.runs)) for one in (old, new)) < 2)
