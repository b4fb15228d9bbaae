"""A record that anyone may have written: what no record has is refused, by the field's name."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest

from stages.artifacts import read_record, write_record
from stages.common.reasons import WORDS, in_words
from stages.common.summaries import summaries
from stages.compare.effects import compare
from stages.errors import InputCorruptError
from stages.records.base import Interval
from stages.records.cell import Reason, ReasonKind
from stages.records.checks import NUMBERS, problems
from stages.records.profile import ProfileRecord
from tests.unit import records
from tests.unit.compare.profiles import profiled

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    cells = (records.measured("fp32", "AVX2", 5.0), records.measured("int8", "AVX2", 20.0))
    write_record(tmp_path / "measurements.json", records.profile(*cells))
    return tmp_path / "measurements.json"


def refusal(path: Path) -> str:
    with pytest.raises(InputCorruptError) as caught:
        read_record(path, ProfileRecord)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"strict": false', '"strict": false, "strict": true', "`strict` is there twice"),
        ('"strict": false', '"strict": false, "sure": 1', "unknown field `sure` - at `$`"),
        ('"strict": false', '"strict": false, "\\u001b[2J": 1', r"unknown field `\x1b[2J`"),
        ('"seconds": 1.0', '"seconds": NaN', "NaN is no number"),
        ('"seconds": 1.0', '"seconds": -Infinity', "-Infinity is no number"),
        ('"seconds": 1.0', '"seconds": 1e999', "inf is out of range - at `$.seconds`"),
        ('"seconds": 1.0', '"seconds": 1e-200', "out of range - at `$.seconds`"),
        ('"seconds": 1.0', f'"seconds": {"9" * 5000}', "4300 digits"),
        ('"seconds": 1.0', f'"seconds": {"[" * 10**5}{"]" * 10**5}', "too deeply nested"),
        ('"made": "2026-11-26T', '"made": "2026-02-31T', "`$.maker.made`"),
        ('"A CPU"', '"\\ud800"', "half a character"),
    ],
)
def test_what_no_record_has_is_named(path: Path, old: str, new: str, words: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert words in refusal(path)


NOISE: dict[str, Any] = {"kind": "spread", "scenario": "offline", "numbers": {}, "text": ""}
OTHER_CLASSES = {**NOISE, "kind": "other_classes"}
CONTRADICTIONS: dict[str, tuple[Change, str]] = {
    "a field that is missing": (lambda raw: raw.pop("maker"), "no field `maker` - at `$`"),
    "no cells": (lambda raw: raw["cells"].clear(), "length >= 1 - at `$.cells`"),
    "a cell twice": (
        lambda raw: raw["cells"].append(raw["cells"][0]),
        "fp32 at AVX2 is there twice",
    ),
    "other rounds": (lambda raw: run(raw).update(round=3), "figures are not of the same rounds"),
    "a round twice": (lambda raw: run(raw).update(round=2), "figures are not of the same rounds"),
    "turns none of which counts": (
        lambda raw: [turn.update(counts=False) for turn in offline(raw)["runs"]],
        "figures are not of the same rounds",
    ),
    "no rounds": (lambda raw: offline(raw)["runs"].clear(), "length >= 1"),
    "no instance": (lambda raw: run(raw)["instances"].clear(), "length >= 1"),
    "no batches": (lambda raw: batches(raw)["seconds"].clear(), "length >= 1"),
    "a batch in no time": (lambda raw: batches(raw)["seconds"].insert(0, 0), "`float` > 0.0"),
    "more batches than ends": (
        lambda raw: batches(raw)["seconds"].append(1),
        "3 seconds, 2 ended_s",
    ),
    "no kernel": (lambda raw: raw["cells"][0]["proof"]["kernels"].clear(), "length >= 1"),
    "no label": (lambda raw: raw["labels"].clear(), "not 0 predictions"),
    "no proof": (lambda raw: raw["cells"][0].update(proof=None), "either a proof, or a reason"),
    "figures of nothing": (lambda raw: raw["cells"][0].update(measurement=None), "by same_as"),
    "the double of another cell than its proof says": (
        lambda raw: raw["cells"].append(double_of(raw["cells"][0])),
        "same_as is AVX2, but the proof's verdict is native",
    ),
    "a repeat of nothing": (lambda raw: raw["repeat"].update(isa="AVX512_CORE"), "not among those"),
    "valid, with a reason": (
        lambda raw: validity(raw).update(reasons=[{**NOISE, "numbers": {"spread": 1}}]),
        "valid is True, with 1 reasons",
    ),
    "a turn that is valid, with a reason": (
        lambda raw: run(raw).update(reasons=["no result"]),
        "valid is True, with 1 reasons - at `$.cells[0].measurement.offline.runs[0]`",
    ),
    "trusted, with a reason": (
        lambda raw: raw["repeat"].update(reasons=[OTHER_CLASSES]),
        "trusted is True, with 1 reasons - at `$.repeat`",
    ),
    "not trusted, for no reason": (
        lambda raw: raw["repeat"].update(trusted=False),
        "trusted is False, with 0 reasons - at `$.repeat`",
    ),
    "a reason without its number": (
        lambda raw: validity(raw).update(valid=False, reasons=[NOISE]),
        "numbers has no `spread`",
    ),
    "an interval that is upside down": (
        lambda raw: offline(raw)["throughput_images_per_s"].update(low=9, high=1),
        "low is above high",
    ),
}


@pytest.mark.parametrize("flag", ["valid", "trusted"])
def test_a_summary_or_a_row_that_contradicts_its_reasons_is_refused(flag: str) -> None:
    cells = (records.measured("fp32", "AVX2", 5.0), records.measured("int8", "AVX2", 20.0))
    record = records.profile(*cells)
    reason = Reason(kind="other_classes")
    (summary, _), compared = summaries(record), compare(profiled(record))
    doubts = {
        "valid": replace(summary, reasons=[reason]),
        "trusted": replace(summary, run_reasons=[reason]),
    }
    assert f"{flag} is True, with 1 reasons" in next(problems(doubts[flag]))
    rows = [replace(row, reasons=[reason]) for row in compared.rows]
    repeats = [replace(repeated, reasons=[reason]) for repeated in compared.repeats]
    edited = {"valid": replace(compared, rows=rows), "trusted": replace(compared, repeats=repeats)}
    assert f"{flag} is True, with 1 reasons" in next(problems(edited[flag]))


def double_of(cell: dict[str, Any]) -> dict[str, Any]:
    return {**cell, "requested_isa": "AVX512_CORE", "same_as": "AVX2", "measurement": None}


def offline(raw: dict[str, Any]) -> Any:
    return raw["cells"][0]["measurement"]["offline"]


def run(raw: dict[str, Any]) -> Any:
    return offline(raw)["runs"][0]


def batches(raw: dict[str, Any]) -> Any:
    return run(raw)["instances"][0]


def validity(raw: dict[str, Any]) -> Any:
    return raw["cells"][0]["measurement"]["validity"]


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_can_not_be_computed_with_is_named(path: Path, name: str) -> None:
    change, words = CONTRADICTIONS[name]
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))
    assert words in refusal(path)


def test_a_reason_has_the_numbers_that_its_words_take() -> None:
    assert set(NUMBERS) == set(WORDS) == {*chain.from_iterable(map(get_args, get_args(ReasonKind)))}
    for kind, names in NUMBERS.items():
        reason = Reason(kind=kind, numbers=dict.fromkeys(names, 1.0))  # type: ignore[arg-type]
        assert in_words(reason)


def test_a_fifo_in_place_of_a_record_is_not_waited_for(path: Path) -> None:
    import os

    path.unlink()
    os.mkfifo(path)
    assert re.search(r"no plain file; run its stage again$", refusal(path))


def test_a_record_as_it_is_written_is_read(path: Path) -> None:
    record = read_record(path, ProfileRecord)
    ratio = Interval(estimate=2.0, low=0.5, high=1.0)  # few rounds: medians of pools, not of ratios
    repeat = replace(record.repeat, offline_ratio=ratio)
    write_record(path, replace(record, repeat=repeat))
    assert read_record(path, ProfileRecord).repeat == repeat


def test_a_record_written_before_a_field_was_added_is_read(path: Path) -> None:
    raw = json.loads(path.read_text())
    for cell in raw["cells"]:
        del cell["proof"]["also_traced"]
    path.write_text(json.dumps(raw))
    record = read_record(path, ProfileRecord)
    assert [cell.proof and cell.proof.also_traced for cell in record.cells] == [[], []]
