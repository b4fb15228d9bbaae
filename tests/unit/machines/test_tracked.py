"""Measurements as trackers of experiments have them."""

import posixpath
import re
from dataclasses import replace
from pathlib import Path

from stages.artifacts import Artifacts
from stages.machines.tracked import KEY, MAX_VALUE, TrackedRun, runs_of
from stages.records.cell import Reason, Validity
from tests.unit.machines.parts import RATES, cell, leave, measure, read
from tests.unit.records import HOST, MAKER, profile, repeat


def run_of(folder: Path) -> TrackedRun:
    (machine,) = read(folder)
    (run,) = runs_of(machine, Artifacts(folder))
    return run


def test_it_says_what_was_measured_on_which_machine_and_when(tmp_path: Path) -> None:
    folder = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES), machine_type="m7i.large")
    run = run_of(folder)
    assert run.name == "m7i.large itex 2026-11-26T17:24:05Z"
    assert run.began_ms == 1795713845000
    assert run.params["machine.kernel"] == "6.1"
    assert run.params["runtime"] == "itex"
    assert run.metrics["throughput_images_per_s/fp32/AVX2"] == 10.0
    assert "isa_speedup_high/fp32/AVX2" in run.metrics
    assert run.metrics["rounds/fp32/AVX2"] == 6
    assert "latency_p99_ms/fp32/AVX2" not in run.metrics
    assert (run.tags["trusted"], run.tags["data"]) == ("true", "embedded")
    assert "invalid_cells" not in run.tags
    assert KEY in run.tags
    assert run.files == [str(folder / "profile" / "measurements.json")]


def test_cells_in_doubt_are_named(tmp_path: Path) -> None:
    spread = Reason(kind="spread", scenario="offline", numbers={"spread": 0.3})
    doubtful = Validity(valid=False, reasons=[spread])
    folder = measure(tmp_path / "a", cell("int8", "AVX2", *RATES, validity=doubtful))
    assert run_of(folder).tags["invalid_cells"] == "int8/AVX2"


def test_what_a_stranger_named_fits_any_tracker(tmp_path: Path) -> None:
    evil = "../../x\n\x1b[31m" + 1000 * "y"
    timed = cell("fp32", "AVX2", *RATES)
    host = replace(HOST, cpu_model=evil, versions={evil: evil, "a/../b/": "1"})
    again = repeat(precision="fp32", measurement=timed.measurement)
    maker = replace(MAKER, settings={"batch_size": 8})
    record = replace(profile(timed, host=host), repeat=again, maker=maker)
    run = run_of(leave(tmp_path / "a", record))
    for name in run.params:
        assert posixpath.normpath(name) == name
        assert not re.search(r"[^ -~]|/|\.\.", name)
    assert run.params["setting.batch_size"] == "8"
    assert all(text.isprintable() for text in run.params.values())
    assert max(map(len, run.params.values())) <= MAX_VALUE
