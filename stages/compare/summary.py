"""The table of results for people's own tools, of the comparison and the profiles it came from.

Its columns are those of stages/records/summary.py. Its figures are those of the table that people
read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.common import tabular
from stages.common.reasons import in_words
from stages.common.summaries import measurements
from stages.common.text import MAX_CELL
from stages.compare.cautions import had_one_round
from stages.compare.inputs import RuntimeProfile
from stages.compare.summary_markdown import as_markdown
from stages.program.printable import printable
from stages.records.base import UNKNOWN, Interval
from stages.records.cell import Reason
from stages.records.compare import CompareRecord, NotRun, Row
from stages.records.cpu_generations import full_name
from stages.records.measure import counting
from stages.records.summary import (
    BETWEEN,
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
    return BETWEEN.join(map(in_words, reasons))


def _interval(name: str, found: Interval | None, *, once: bool = False) -> dict[str, Value]:
    """Return three columns; the ends are empty if there is no interval."""
    low, high = (None, None) if found is None or once else (found.low, found.high)
    return {name: found.estimate if found else None, name + LOW: low, name + HIGH: high}


def _complete(row: Mapping[str, Value]) -> SummaryRow:
    """Return a row with all columns, in their order; each text on one line."""
    return {name: _clean(row.get(name)) for name in NAMES}


def _clean(value: Value) -> Value:
    return printable(value, MAX_CELL) or None if isinstance(value, str) else value
