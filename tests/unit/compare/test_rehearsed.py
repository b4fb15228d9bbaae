"""What was rehearsed stands below what could not be measured, if it is of the same models."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts, write_record
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.rehearsed import Rehearsed, read_rehearsed
from stages.compare.table import render
from stages.folder.handover import handing_over
from stages.isa import AMX, AMX_STAND_IN, missing_flags
from stages.records.compare import NotRun
from stages.stage_folders import RehearseFolder
from tests.unit.compare.profiles import both_runtimes, impossible, profiled
from tests.unit.records import HOST, SHA256, measured, profile
from tests.unit.rehearse.recordings import rehearsal

HINT = "`invoke rehearse` shows which kernels AMX's cells run"
NO_AMX = "no amx_tile amx_int8 amx_bf16 flags"
INT8 = (
    "rehearsed under emulation, not measured: 16 of 16 convolutions and 0 of 1 matmul on AMX, INT8 "
    "equal bit for bit on 2 of 2 images"
)


def profiles() -> list[RuntimeProfile]:
    cells = (measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0))
    lacking = (impossible(name, AMX, NO_AMX) for name in ("fp32", "int8"))
    record = profile(*cells, *lacking)
    return profiled(replace(record, train_sha256=SHA256, quantize_sha256=SHA256))


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    made = Artifacts(tmp_path / "artifacts")
    with handing_over(made.rehearse.path) as partial:
        record = rehearsal(tmp_path)
        write_record(RehearseFolder(partial).record, record)
    return made


def lines_of(rehearsed: Rehearsed) -> list[str]:
    lines = render(compare(profiles()), {}, rehearsed).splitlines()
    return [" ".join(line.split()) for line in lines]


def test_what_was_found_follows_the_line_of_what_lacks_amx(artifacts: Artifacts) -> None:
    rehearsed = read_rehearsed(artifacts, profiles())
    assert rehearsed.left_out == []
    lines = lines_of(rehearsed)
    place = lines.index(f"not run: fp32 int8 {AMX} {NO_AMX}")
    assert lines[place + 1] == f"int8 by itex: {INT8}"
    assert len(lines) == len(lines_of(Rehearsed())) + 1


def test_what_lacks_anything_else_has_no_such_line(artifacts: Artifacts) -> None:
    rehearsed = read_rehearsed(artifacts, profiles())
    cell = NotRun(runtime="itex", precision="int8", isa=AMX, reason=NO_AMX)
    assert rehearsed.of(cell) == INT8
    for changes in (
        {"isa": "AVX512_CORE_VNNI", "reason": "no avx512_vnni flag"},
        {"reason": "the kernel does not grant XTILEDATA"},
        {"runtime": "stock"},
        {"precision": "fp32"},
    ):
        assert rehearsed.of(replace(cell, **changes)) == ""


def test_a_host_that_can_stand_in_for_amx_is_told_how_to_know_more(artifacts: Artifacts) -> None:
    able = [*missing_flags(AMX_STAND_IN, frozenset())]
    (ours,) = profiles()
    record = compare(profiled(replace(ours.record, host=replace(HOST, cpu_flags=able))))
    assert HINT in render(record, {})
    assert HINT not in render(record, {}, read_rehearsed(artifacts, profiles()))
    assert HINT not in render(compare(profiles()), {})
    run = profiled(profile(measured("int8", "AVX2", 9.0), host=replace(HOST, cpu_flags=able)))
    assert HINT not in render(compare(run), {})


def test_without_a_rehearsal_nothing_is_said(tmp_path: Path) -> None:
    assert read_rehearsed(Artifacts(tmp_path), profiles()) == Rehearsed()


@pytest.mark.parametrize("field", ["train_sha256", "quantize_sha256"])
def test_one_of_another_model_is_left_out_with_a_line(artifacts: Artifacts, field: str) -> None:
    (ours,) = profiles()
    changes: dict[str, Any] = {field: "1" * 64}
    other = replace(ours, record=replace(ours.record, **changes))
    rehearsed = read_rehearsed(artifacts, [other])
    assert rehearsed.record is None
    assert rehearsed.left_out == [
        "it is of another model than the profile of itex; run the rehearse stage again"
    ]


def test_one_of_another_emulator_is_left_out_with_a_line(artifacts: Artifacts) -> None:
    path = artifacts.rehearse.record
    with handing_over(artifacts.rehearse.path) as partial:
        text = path.read_text().replace('"version": "1.0.0"', '"version": "0.9.0"')
        (partial / path.name).write_text(text)
    (reason,) = read_rehearsed(artifacts, profiles()).left_out
    assert "emulator 0.9.0 made it, not 1.0.0" in reason


def test_a_damaged_one_is_left_out_with_a_line(artifacts: Artifacts) -> None:
    artifacts.rehearse.record.write_text("{")
    rehearsed = read_rehearsed(artifacts, profiles())
    assert rehearsed.record is None
    assert "differs from SHA256SUMS" in rehearsed.left_out[0]


def test_runtimes_that_were_not_rehearsed_have_no_line(artifacts: Artifacts) -> None:
    both = both_runtimes()
    itex = replace(both[0].record, train_sha256=SHA256, quantize_sha256=SHA256)
    rehearsed = read_rehearsed(artifacts, [replace(both[0], record=itex), both[1]])
    assert rehearsed.record
    assert {cell.runtime for cell in rehearsed.record.cells} == {"itex"}
    assert rehearsed.left_out == []
