"""The table of results for people's own tools, of the comparison and the profiles it came from.

Its columns are those of stages/records/summary.py. Its figures are those of the table that people
read.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stages.common import tabular
from stages.common.reasons import in_words
from stages.common.summaries import measurements
from stages.common.tabular import plain
from stages.common.text import MAX_CELL, figure, milliseconds, times
from stages.compare.cautions import had_one_round
from stages.compare.inputs import RuntimeProfile
from stages.compare.matrix import in_groups_of, with_spread
from stages.program.printable import printable
from stages.records.base import UNKNOWN, Interval
from stages.records.cell import Reason
from stages.records.compare import CompareRecord, NotRun, Row
from stages.records.cpu_generations import full_name
from stages.records.measure import counting
from stages.records.summary import (
    HIGH,
    INVALID,
    LOW,
    NAMES,
    NOT_RUN,
    NOT_TRUSTED,
    OK,
    SummaryRow,
    Value,
)
from stages.stage_folders import CompareFolder

NOTHING, STATUS = "-", "status"
DOUBTS = {INVALID: "INVALID", NOT_TRUSTED: "NOT TO BE TRUSTED"}


def summary_rows(
    record: CompareRecord, profiles: Sequence[RuntimeProfile], machine: str = ""
) -> list[SummaryRow]:
    """Return a row for each cell, the lowest cap first, those that were not run last.

    `machine` is its name; by default, what cloud or firmware calls it.
    """
    by_runtime = {profile.runtime: profile for profile in profiles}
    of_runs = {name: _of_run(profile, machine) for name, profile in by_runtime.items()}
    rows = [
        _measured(
            row,
            by_runtime[row.runtime],
            once=had_one_round(record, row.runtime),
            in_groups=row.runtime in record.in_groups,
        )
        for row in record.rows
    ]
    rows += map(_not_run, record.impossible)
    return [_complete({**of_runs[str(row["runtime"])], **row}) for row in rows]


def texts_of(record: CompareRecord, profiles: Sequence[RuntimeProfile]) -> dict[str, str]:
    """Return the rows as the text of each file that compare leaves of them, by its name."""
    rows, folder = summary_rows(record, profiles), CompareFolder(Path())
    return {
        folder.summary_csv.name: tabular.as_csv(rows),
        folder.summary_markdown.name: as_markdown(rows),
    }


def as_markdown(rows: Sequence[SummaryRow]) -> str:
    """Return the rows as a table in Markdown, with what a person reads of them."""
    return tabular.as_markdown([shown(row) for row in rows]) + note_of_groups(rows)


def note_of_groups(rows: Sequence[SummaryRow]) -> str:
    """Return the line below a table that has rows of runs in groups, empty if it has none.

    It names those runs, unless all are: by their machines if there are several, and by runtime.
    """
    named = {(row["machine"], row["runtime"]): False for row in rows}
    named |= {(row["machine"], row["runtime"]): True for row in rows if row["in_groups"]}
    if not any(named.values()):
        return ""
    columns = [len({*column}) > 1 for column in zip(*named, strict=True)]
    names = [
        " ".join(
            plain(str(part or UNKNOWN))
            for part, several in zip(run, columns, strict=True)
            if several
        )
        for run, grouped in named.items()
        if grouped and not all(named.values())
    ]
    return f"\neffects: {in_groups_of(names)}\n"


def shown(row: SummaryRow) -> dict[str, str]:
    """Return what a person reads of a row, by the heads of the columns, as Markdown."""
    top1, lost = _number(row, "top1_fraction"), _number(row, "top1_loss_fraction")
    return {
        "machine": plain(str(row["machine"] or NOTHING)),
        "CPU": plain(str(row["cpu"] or NOTHING)),
        "CPUs": str(row["cpus_pinned"]),
        "runtime": str(row["runtime"]),
        "isa cap": str(row["isa_cap"]),
        "precision": str(row["precision"]),
        "images/s": _spread(row, "throughput_images_per_s", figure),
        "p50 ms": _spread(row, "latency_p50_ms", milliseconds),
        "top-1": NOTHING if top1 is None else f"{top1:.1%}",
        "loss": NOTHING if lost is None else f"{lost:+.2%}",
        "precision effect": _times(row, "precision_speedup"),
        "ISA effect": _times(row, "isa_speedup"),
        STATUS: _status_shown(row),
    }


def status_in_words(verdict: str, doubt: str) -> str:
    """Return how a cell ran; native goes without saying if its figures can't be relied on."""
    kept = [] if verdict == "native" else [verdict]
    return ", ".join([*kept, doubt]) if doubt else verdict


def _status_shown(row: SummaryRow) -> str:
    if row["status"] == NOT_RUN:
        return "not run"
    return status_in_words(str(row["verdict"]), DOUBTS.get(str(row["status"]), ""))


def _of_run(profile: RuntimeProfile, machine: str) -> dict[str, Value]:
    record = profile.record
    host = record.host
    return {
        "machine": machine or _known(host.machine_type) or _known(host.machine),
        "machine_type": _known(host.machine_type),
        "cpu": _known(full_name(host.cpu_model, host.cpu_id)),
        "cpus_pinned": len(host.cores_pinned),
        "instances": record.layout.num_instances,
        "cores_per_instance": record.layout.cores_per_instance,
        "run_trusted": record.repeat.trusted,
        "measured_utc": record.parts[-1] or None,
        "version": record.maker.version,
        "source_sha256": record.maker.source,
        "model": record.backbone.name,
        "backbone_sha256": record.backbone.sha256,
        "data": record.data.name,
        "data_sha256": record.data.sha256,
        "measurement_sha256": profile.sha256,
    }


def _known(text: str) -> str | None:
    return None if text == UNKNOWN else text


def _measured(
    row: Row, profile: RuntimeProfile, *, once: bool, in_groups: bool
) -> dict[str, Value]:
    found = measurements(profile.record)[row.precision, row.isa]
    difference = row.accuracy_difference
    return {
        "runtime": row.runtime,
        "isa_cap": row.isa,
        "precision": row.precision,
        "batch_size_images": found.offline.batch_size,
        "rounds": len(counting(found.offline.runs)),
        **_interval("throughput_images_per_s", row.throughput_images_per_s, once=once),
        **_interval("latency_p50_ms", row.latency_p50_ms, once=once),
        "latency_p90_ms": row.latency_p90_ms,
        "latency_p99_ms": found.single_stream.latency_p99_ms,
        "server_queries_per_s": row.server_per_s,
        **_interval("top1_fraction", row.accuracy_interval),
        "top1_fraction": row.accuracy_top1,
        "top1_loss_fraction": row.accuracy_loss,
        "top1_loss_p": difference.p_value if difference else None,
        "agreement_fp32_fraction": row.agreement_fp32,
        **_interval("precision_speedup", row.precision_speedup, once=once),
        **_interval("isa_speedup", row.isa_speedup, once=once),
        "in_groups": in_groups,
        "valid": row.valid,
        "verdict": row.verdict,
        "kernel": row.kernel,
        **_status(row, profile),
    }


def _not_run(cell: NotRun) -> dict[str, Value]:
    return {
        "runtime": cell.runtime,
        "isa_cap": cell.isa,
        "precision": cell.precision,
        "status": NOT_RUN,
        "reasons": cell.reason,
    }


def _status(row: Row, profile: RuntimeProfile) -> dict[str, Value]:
    """Return how far a row can be relied on, and why not: for its own sake, then for the run's."""
    run = profile.record.repeat
    status = INVALID if not row.valid else OK if run.trusted else NOT_TRUSTED
    return {"status": status, "reasons": _joined([*row.reasons, *run.reasons])}


def _joined(reasons: Sequence[Reason]) -> str:
    return " | ".join(map(in_words, reasons))


def _interval(name: str, found: Interval | None, *, once: bool = False) -> dict[str, Value]:
    """Return three columns; the ends are empty if there is no interval."""
    low, high = (None, None) if found is None or once else (found.low, found.high)
    return {name: found.estimate if found else None, name + LOW: low, name + HIGH: high}


def _complete(row: Mapping[str, Value]) -> SummaryRow:
    """Return a row with all columns, in their order; each text on one line."""
    return {name: _clean(row.get(name)) for name in NAMES}


def _clean(value: Value) -> Value:
    return printable(value, MAX_CELL) or None if isinstance(value, str) else value


def _number(row: SummaryRow, name: str) -> float | None:
    value = row[name]
    return float(value) if isinstance(value, int | float) else None


def _ends(row: SummaryRow, name: str) -> tuple[Interval | None, bool]:
    """Return a figure of a row, None if there is none, and whether it has no interval."""
    estimate, low, high = (_number(row, name + end) for end in ("", LOW, HIGH))
    if estimate is None:
        return None, True
    if low is None or high is None:
        return Interval(estimate=estimate, low=estimate, high=estimate), True
    return Interval(estimate=estimate, low=low, high=high), False


def _spread(row: SummaryRow, name: str, words: Callable[[float], str]) -> str:
    found, once = _ends(row, name)
    return with_spread(found, words, once=once) if found else NOTHING


def _times(row: SummaryRow, name: str) -> str:
    found, once = _ends(row, name)
    return times(found, once=once) if found else NOTHING
