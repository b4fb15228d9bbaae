"""oneDNN's logs lose their times, and nothing else."""

from pathlib import Path

import pytest

from stages.common.onednn.log import parse_log
from stages.rehearse.proof_log import traced_without_times

LOGS = Path(__file__).parents[2] / "data" / "onednn"
RECORDINGS = sorted(
    path for path in LOGS.glob("*.txt") if path.stem.startswith(("traced", "emulated"))
)


@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_what_ran_then_is_still_there_without_its_times(path: Path) -> None:
    lines = path.read_text().splitlines()
    before = parse_log(lines)
    wanted = before.executions[len(before.executions) // 2 :]
    after = parse_log(traced_without_times(lines, {ran.start_ms for ran in wanted}))
    assert (after.version, after.isa_header) == (before.version, before.isa_header)
    assert len(after.fallbacks) == len(before.fallbacks)
    for ran, kept in zip(wanted, after.executions, strict=True):
        assert (kept.primitive, kept.implementation) == (ran.primitive, ran.implementation)
        assert (kept.data_type, kept.problem) == (ran.data_type, ran.problem)
        assert kept.milliseconds == kept.start_ms == 0.0


def test_what_the_framework_prints_with_a_time_of_day_is_left_out() -> None:
    lines = ["2026-11-26 10:23:50.27: I warning", "onednn_verbose,info,cpu,runtime:OpenMP,nthr:2"]
    assert list(traced_without_times(lines, ())) == lines[1:]
    said = "2026-11-26 10:23:50.27: W Unsupported INT8 pattern: x"
    assert list(traced_without_times([said], ())) == ["Unsupported INT8 pattern: x"]
