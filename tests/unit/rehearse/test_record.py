"""No time, no speed: neither in the record, nor its schema, nor the text, nor the kept logs."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stages.artifacts import read_record, write_record
from stages.common.provenance import maker
from stages.errors import InputCorruptError
from stages.isa import LADDER
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import REHEARSED, RehearsalRecord
from stages.rehearse.table import render
from stages.setting.programs import REHEARSE
from stages.settings import Settings
from tests.unit.records import HOST
from tests.unit.rehearse.recordings import rehearsal

# A name that a time or a speed would have, in any part between underscores.
TIMES = {"s", "ms", "us", "ns", "seconds", "milliseconds", "latency", "throughput", "began"}
TIMES |= {"speedup", "rate", "duration", "time", "times", "hz", "gops", "p50", "p90"}
# A number with a unit of time, or a speed.
IN_TEXT = re.compile(r"\d ?(ms|s|us|ns|min|h)\b|images/s|/s\b|\bms\b|(?<!')\bs\b|second|faster")


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = [*value.values()]
    for part in value if isinstance(value, list) else ():
        yield from names(part)


def is_time(name: str) -> bool:
    return bool(TIMES & set(name.lower().split("_")))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RehearsalRecord:
    made = rehearsal(tmp_path_factory.mktemp("rehearse"))
    return replace(made, maker=maker(Settings(), REHEARSE))


def test_nothing_in_the_record_has_the_name_of_a_time(record: RehearsalRecord) -> None:
    assert [name for name in names(json.loads(msgspec.json.encode(record))) if is_time(name)] == []


def test_nothing_in_its_schema_has_the_name_of_a_time() -> None:
    properties = [
        name
        for kind in msgspec.json.schema(RehearsalRecord)["$defs"].values()
        for name in kind.get("properties", {})
    ]
    assert len(properties) > 50
    assert [name for name in properties if is_time(name)] == []


def test_neither_has_the_text(record: RehearsalRecord) -> None:
    text = render(record)
    assert IN_TEXT.findall(text) == []


def test_each_part_of_the_text_says_what_it_is(record: RehearsalRecord) -> None:
    lines = render(record).splitlines()
    assert lines[0].startswith(REHEARSED)
    assert REHEARSED in lines[-1]
    heads = [before for before, line in pairwise(lines) if line.startswith(("runtime ", "op "))]
    assert len(heads) == 1 + len(record.cells)
    assert all(head.endswith(REHEARSED) for head in heads)


def test_the_tables_fit_100_columns(record: RehearsalRecord) -> None:
    layers = [
        replace(layer, op=f"PartitionedCall/block5_conv{n % 4 + 1}/Conv2D")
        for n, layer in enumerate(record.cells[0].layers)
    ]
    named = replace(record, cells=[replace(cell, layers=layers) for cell in record.cells])
    text = render(named).partition("not rehearsed:")[0].partition("\n\n")[2]
    assert "\nblock5_conv4/Conv2D " in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_first_table_answers_what_runs_what_holds_and_the_bound(
    record: RehearsalRecord,
) -> None:
    head, *rows = render(record).split("\n\n")[1].splitlines()[1:]
    assert head.split()[:4] == ["runtime", "precision", "on", "AMX"]
    assert head.split()[-4:] == ["agree", "equal", "difference", "bound"]
    bounds = [f"{cell.bound:.2f}x" for cell in record.cells]
    assert [row.split()[-1] for row in rows] == bounds
    assert all(" of 17 " in row for row in rows)


@pytest.mark.parametrize(
    ("ops", "names"),
    [
        (["a/b/x/Conv2D", "a/b/y/MatMul"], ["x/Conv2D", "y/MatMul"]),
        (["a/x/Conv2D", "MatMul"], ["Conv2D", "MatMul"]),
        (["a/x/Conv2D"], ["Conv2D"]),
        (["", "a/MatMul"], ["convolution 1", "MatMul"]),
        (["conv", "conv"], ["conv", "conv"]),
    ],
)
def test_an_op_is_named_without_the_scopes_that_all_share(
    record: RehearsalRecord, ops: list[str], names: list[str]
) -> None:
    layers = record.cells[0].layers
    layers = [replace(layer, op=op) for layer, op in zip(layers, ops, strict=False)]
    cell = replace(record.cells[0], layers=layers)
    table = render(replace(record, cells=[cell])).split("\n\n")[2]
    rows = table.splitlines()[2 : 2 + len(ops)]
    assert [row.split("  ")[0] for row in rows] == names


def test_no_other_stage_takes_it_for_its_own(record: RehearsalRecord, tmp_path: Path) -> None:
    path = tmp_path / "measurements.json"
    write_record(path, record)
    assert read_record(path, RehearsalRecord) == record
    for kind in (ProfileRecord, QuantizeRecord):
        with pytest.raises(InputCorruptError):
            read_record(path, kind)


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "measured"},
        {"throughput_images_per_s": 1000.0},
        {"seconds": 3.0},
        {"batch_seconds": [[0.1]]},
        {"emulator": {"version": "0.9.0", "sha256": "0" * 64}},
        {"labels": [0]},
        {"test_images": 1},
        {"quantize_sha256": {}},
    ],
)
def test_one_that_was_edited_to_look_measured_is_refused(
    record: RehearsalRecord, tmp_path: Path, edit: dict[str, Any]
) -> None:
    path = tmp_path / "rehearsal.json"
    path.write_bytes(msgspec.json.encode({**json.loads(msgspec.json.encode(record)), **edit}))
    with pytest.raises(InputCorruptError):
        read_record(path, RehearsalRecord)


def test_one_of_a_cpu_that_has_amx_is_refused(record: RehearsalRecord, tmp_path: Path) -> None:
    flags = sorted(flag for isa in LADDER for flag in isa.flags)
    write_record(tmp_path / "r.json", replace(record, host=replace(HOST, cpu_flags=flags)))
    with pytest.raises(InputCorruptError, match="rehearsed on a CPU that has AMX"):
        read_record(tmp_path / "r.json", RehearsalRecord)
