"""The page as HTML: a template that escapes all, and pictures as parts of it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from stages.artifacts import Artifacts
from stages.common.figures import counted
from stages.common.text import network_of, when_all
from stages.compare.cautions import may_be_more_sure, rounds_leave_some
from stages.compare.limits import invalid_rates, notes
from stages.compare.matrix import (
    SHARED,
    WITHIN,
    has_intervals,
    note_of_groups,
    notes_of_few,
)
from stages.compare.not_run import not_run_rows
from stages.compare.page import accuracy, scaling
from stages.compare.page.answer import answer, checks
from stages.compare.page.effects import effects
from stages.compare.page.images import gallery
from stages.compare.page.machine import machine, memory_variable, runs
from stages.compare.page.matrix import matrices
from stages.compare.page.seen import Seen
from stages.compare.page.svg import inlined
from stages.program.printable import printable
from stages.records.cpu_generations import full_name
from stages.stage_folders import CompareFolder

HERE = Path(__file__).parent
MAX_TEXT = 1000
IN_BACKTICKS = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture: its name, what it shows, and its SVG."""

    name: str
    title: str
    svg: Markup


TITLES = {
    "ladder": "Throughput of each precision at each cap",
    "absolute": "FP32 beside INT8: accuracy, throughput, latency",
    "times": "INT8 as multiples of FP32",
    "latency": "Latency of single images, cell by cell",
    "layers": "Time per layer, FP32 against INT8",
    "instances": "Throughput by number of instances",
    "rehearsal": "Layers that would run on AMX, rehearsed and not measured",
}


def write_page(out: CompareFolder, seen: Seen, artifacts: Artifacts) -> None:
    """Write the page of a comparison, whose pictures are in the same folder."""
    template = _environment().get_template("report.html")
    out.page.write_text(template.render(**_content(out, seen, artifacts)), encoding="utf-8")


def _environment() -> Environment:
    """Return what renders a template: a name that is not known is an error, all text is cleaned."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_code"] = _with_code
    return environment


def _with_code(text: str) -> Markup:
    """Return a text, cleaned and escaped, in which what stands between backticks is code."""
    # As plain text, for what is put into a Markup is escaped.
    return Markup(IN_BACKTICKS.sub(r"<code>\1</code>", str(escape(_cleaned(text)))))


def _cleaned(value: Any) -> Any:
    """Return a stranger's text on one line, with all that is not printable escaped."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, MAX_TEXT)
    return value


def _content(out: CompareFolder, seen: Seen, artifacts: Artifacts) -> dict[str, Any]:
    shown = matrices(seen)
    host, first = seen.record.host, seen.profiles[0].record
    return {
        "style": Markup((HERE / "style.css").read_text(encoding="utf-8")),
        "network": network_of(seen.record.backbone),
        "cpu": full_name(host.cpu_model, host.cpu_id),
        "cores": counted(len(host.cores_pinned), "core"),
        "measured": when_all(first.parts),
        "answer": answer(seen),
        "may_be_more_sure": may_be_more_sure(seen.record),
        "stays": rounds_leave_some(seen.record),
        "checks": checks(seen),
        "within": WITHIN if has_intervals(seen.record) else "",
        "interval": "95% interval" if has_intervals(seen.record) else "interval",
        "few": "".join(f" {few}." for few in notes_of_few(seen.record)),
        "in_groups": bool(seen.record.in_groups),
        "effects_are": note_of_groups(seen.record) if seen.record.in_groups else SHARED,
        "matrices": shown,
        "kinds": set().union(*(matrix.kinds for matrix in shown)),
        "effects": effects(seen),
        "latencies": scaling.latencies(seen),
        "layouts": scaling.layouts(seen),
        "batches": scaling.batches(seen),
        "batches_of": scaling.batches_of(seen),
        "limits": scaling.limits(seen),
        "limit_notes": notes(seen.record.limits, invalid_rates(seen.record)),
        "not_run": not_run_rows(seen.record, seen.rehearsed),
        "layers": scaling.layer_tables(seen),
        "top1": accuracy.top1(seen),
        "top1_heads": accuracy.TOP1,
        "images": len(first.labels),
        "confusions": accuracy.confusions(seen),
        "recalls": accuracy.recalls(seen),
        "gallery": gallery(seen, artifacts),
        "machine": machine(seen),
        "memory_variable": memory_variable(seen),
        "runs": runs(seen),
        "named": seen.named,
        "pictures": pictures(out),
    }


def pictures(out: CompareFolder) -> dict[str, Drawn]:
    """Return the pictures that are there, by name."""
    drawn = {name: getattr(out, name).with_suffix(".svg") for name in TITLES}
    return {
        name: Drawn(name, TITLES[name], Markup(inlined(path, str(escape(TITLES[name])))))
        for name, path in drawn.items()
        if path.is_file()
    }
