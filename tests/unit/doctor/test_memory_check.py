"""Whether a run has enough memory, by what it will load and what quantize left."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, write_record
from stages.command_line import load
from stages.common.host.memory import GIB
from stages.common.provenance import maker
from stages.doctor import memory_check
from stages.doctor.checks import NO, NOTE, OK, Check
from tests.unit.doctor.test_checks import ALL_FLAGS
from tests.unit.records import quantize, variant

SMALL = {
    "VGG19_PRECISIONS": "fp32,int8",
    "VGG19_ISAS": "AVX512_CORE_VNNI,AVX512_CORE_AMX",
}


def memory_of(monkeypatch: pytest.MonkeyPatch, gib: float, **variables: str) -> Check:
    """Return the check of memory on a host with AMX and this much available."""
    monkeypatch.setattr(memory_check, "cpu_flags", lambda: ALL_FLAGS)
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: None)
    monkeypatch.setattr(memory_check, "available", lambda: round(gib * GIB))
    monkeypatch.setattr("stages.common.host.memory.available", lambda: round(gib * GIB))
    settings = load({"VGG19_ARTIFACTS": "/nowhere"} | variables)
    return memory_check.check_memory(settings, [0, 1, 2, 3])


def test_a_container_has_no_more_memory_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    of_limit = memory_of(monkeypatch, 8.0)
    memory_of(monkeypatch, 30.0)
    settings = load({"VGG19_ARTIFACTS": "/nowhere"})
    assert memory_check.check_memory(settings, [0, 1, 2, 3], 8 * GIB) == of_limit
    assert "groups" in of_limit.evidence


@pytest.mark.parametrize(("gib", "state"), [(1, NO), (3.38, NOTE)])
def test_a_limit_without_room_is_named(
    gib: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory_of(monkeypatch, 30.0)
    settings = load({"VGG19_ARTIFACTS": "/nowhere", "VGG19_PRECISIONS": "int8"})
    check = memory_check.check_memory(settings, [0], int(gib * GIB))
    assert check.state == state
    assert check.evidence.endswith(f"; STAGES_MEMORY allows {gib:.1f} GiB")


def test_the_limit_that_is_too_low_for_quantize_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGES_MEMORY", "3g")
    monkeypatch.setattr(memory_check, "is_limited", lambda _: True)
    said = "needs about 3.4; its memory limit allows no more: raise or unset STAGES_MEMORY"
    assert said in memory_of(monkeypatch, 3.375, VGG19_PRECISIONS="int8").evidence


@pytest.mark.parametrize(
    ("gib", "variables", "state", "evidence"),
    [
        (30.0, {}, OK, "30.0 GiB available; 11 processes need about "),
        (8.0, {}, OK, "in 2 groups of cells, at most "),
        (5.0, {}, NOTE, "groups of cells, at most 4 processes need about "),
        (6.0, {}, NOTE, "; quantize is slower below 7.4, as models load for each turn"),
        (4.7, {}, NOTE, "; quantize is slower below 7.4"),
        (8.2, SMALL, OK, "; 4 processes need about "),
        (9.0, {"VGG19_BATCH_SIZE": "256"}, NO, "3 processes need about "),
        (6.0, {"VGG19_NUM_INSTANCES": "4"}, NO, " 6.0 are available; take more memory, give"),
        (15.0, {"VGG19_NUM_INSTANCES": "9"}, NO, "9 instances need 9 cores, and there are 4"),
        (1.0, {}, NO, "3 processes need about 3.7 GiB of memory, and 1.0 are available; take more"),
    ],
)
def test_memory_is_asked_for_what_a_run_would_hold_on_this_host(
    gib: float,
    variables: dict[str, str],
    state: str,
    evidence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = memory_of(monkeypatch, gib, **variables)
    assert (check.name, check.state) == ("memory", state)
    assert evidence in check.evidence


def test_memory_that_is_not_shown_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_check, "available", lambda: None)
    check = memory_check.check_memory(load({"VGG19_ARTIFACTS": "/nowhere"}), [0])
    assert (check.state, check.evidence) == (NOTE, "not shown here")


def test_what_quantize_made_no_model_for_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = quantize(variant("fp32"), variant("int8_bf16", missing="nothing is left"))
    given = {"VGG19_ARTIFACTS": str(tmp_path)}
    folder = Artifacts(tmp_path).quantize("itex")
    folder.path.mkdir(parents=True)
    write_record(folder.record, replace(record, maker=maker(load(given), "quantize")))
    nine = (OK, "15.0 GiB available; 9 processes need about 13.1")
    check = memory_of(monkeypatch, 15.0, **given)
    assert (check.state, check.evidence) == nine
    check = memory_of(monkeypatch, 15.0, **given, VGG19_MAX_TRIALS="3")  # it will be made again
    assert (check.state, check.evidence) != nine


def test_what_quantize_will_make_no_model_for_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_bf16 = memory_of(monkeypatch, 30.0).evidence
    without = memory_of(monkeypatch, 30.0, VGG19_NO_BF16="true").evidence
    processes = [int(re.findall(r"(\d+) processes", text)[0]) for text in (with_bf16, without)]
    assert processes[1] < processes[0]
