"""Workers that die, hang, or answer nonsense: never a number."""

import os
from pathlib import Path

import pytest

from stages.errors import PinningError, WorkerError
from stages.profile.launch import run_worker
from stages.profile.plan import PlannedCell
from stages.profile.worker import Job

CELL = PlannedCell("int8", "AVX2", None)


def job(result: Path) -> Job:
    return Job(
        model="model",
        test="test",
        result=str(result),
        cores=[0],
        batch_size=1,
        min_duration_s=1,
        min_queries=1,
        prove=False,
    )


@pytest.fixture
def numactl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for what is started; the test writes what it does."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script = tmp_path / "numactl"
    script.touch(0o755)
    return script


def test_a_result_comes_back(tmp_path: Path, numactl: Path) -> None:
    result = tmp_path / "outcome.json"
    numactl.write_text(f"#!/bin/sh\necho '{{\"cores\": [0]}}' > {result}\n")
    outcome = run_worker(CELL, job(result), tmp_path / "log", 10)
    assert outcome.measurement is None


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo last words; kill -SEGV $$", "ended with code -11"),
        ("echo last words; exit 7", "ended with code 7"),
        ("echo last words", "returned no readable result"),
        ("echo last words; echo garbage > RESULT", "returned no readable result"),
        ("echo last words; printf '{\"cores\": [0' > RESULT", "returned no readable result"),
    ],
)
def test_a_failure_shows_the_workers_last_words(
    tmp_path: Path,
    numactl: Path,
    capsys: pytest.CaptureFixture[str],
    script: str,
    message: str,
) -> None:
    result = tmp_path / "outcome.json"
    numactl.write_text(f"#!/bin/sh\n{script.replace('RESULT', str(result))}\n")
    with pytest.raises(WorkerError, match=message):
        run_worker(CELL, job(result), tmp_path / "log", 10)
    assert "last words" in capsys.readouterr().err


def test_an_older_result_is_never_taken_for_this_one(tmp_path: Path, numactl: Path) -> None:
    result = tmp_path / "outcome.json"
    result.write_text('{"cores": [0]}')
    numactl.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(WorkerError):
        run_worker(CELL, job(result), tmp_path / "log", 10)


def test_a_worker_that_hangs_is_ended(tmp_path: Path, numactl: Path) -> None:
    numactl.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(WorkerError, match="VGG19_WORKER_TIMEOUT_S"):
        run_worker(CELL, job(tmp_path / "outcome.json"), tmp_path / "log", 0.2)


def test_a_worker_on_other_cores_is_refused(tmp_path: Path, numactl: Path) -> None:
    result = tmp_path / "outcome.json"
    numactl.write_text(f"#!/bin/sh\necho '{{\"cores\": [0, 1]}}' > {result}\n")
    with pytest.raises(PinningError, match=r"\[0, 1\], not on \[0\]"):
        run_worker(CELL, job(result), tmp_path / "log", 10)
