"""The worker's own process, asked as the stages ask it."""

import os
from pathlib import Path

import numpy as np
import pytest

from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
)
from stages.errors import HostError, InputCorruptError, ModelError, SettingsError, WorkerError
from stages.records.measure import NodeTime
from stages.samples import Samples

ROOT = Path(__file__).parents[4]
LABELS = [1, 0, 1, 1, 0]
# Pins to nothing, as not every machine that runs the tests has the program.
NUMACTL = '#!/bin/sh\nshift 2; exec "$@"\n'
FAKED = '#!/bin/sh\nshift 2; exec "$1" -m tests.unit.common.worker.fake_worker "$4" "$5"\n'


def worker(folder: Path, numactl: str = FAKED, **changes: str) -> WorkerProcess:
    """Return a worker that holds five images, bright if the label is 1."""
    images = folder / "test.npz"
    shades = np.array(LABELS, np.uint8)[:, None, None, None] * 200
    Samples(np.broadcast_to(shades, (5, 224, 224, 3)), np.array(LABELS)).save(images)
    (folder / "numactl").write_text(numactl)
    (folder / "numactl").chmod(0o755)
    parent = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    job = {"backend": "brightness", "model": "m", "images": str(images), **changes}
    cores = sorted(os.sched_getaffinity(0))
    held = Job(name="fp32", precision="fp32", cores=cores, **job)
    return WorkerProcess(held, folder / "log", 60, parent=parent)


def test_one_worker_answers_all_that_can_be_asked(tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        turn = process.ask(Turn(5, 0.0), TurnAnswer)
        classified = process.ask(Classify(4), ClassifyAnswer)
        traced = process.ask(Trace(4), TraceAnswer)
    assert len(turn.batch_seconds) == 1
    assert [int(np.argmax(row)) for row in classified.probabilities] == LABELS
    assert traced.nodes == [NodeTime("brightness", 1.0, 4.0)]
    assert process.ready.load_seconds > 0
    assert process.ready.versions["numpy"] == np.__version__


def test_what_the_model_prints_is_its_log_and_no_answer(tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        process.ask(Turn(5, 0.0), TurnAnswer)
    # One image when it is loaded, a warm-up, and what was asked for.
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [f"onednn_verbose,classified {size}" for size in (1, 5, 5)]


def test_more_than_there_are_images_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="batch size 6 exceeds the 5 images"),
        worker(tmp_path) as process,
    ):
        process.ask(Turn(6, 0.0), TurnAnswer)


def test_a_crash_in_the_framework_is_the_workers_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WorkerError, match="ended with code 1"), worker(tmp_path, model="raises"):
        pytest.fail("it was not ready")
    assert "ZeroDivisionError: in the framework" in capsys.readouterr().err
    with pytest.raises(WorkerError, match="SIGSEGV"), worker(tmp_path, model="dies") as process:
        process.ask(Turn(1, 0.0), TurnAnswer)


def test_one_that_finds_no_memory_refuses_by_that(tmp_path: Path) -> None:
    said = r"no memory is left \(OOM when allocating tensor"
    with pytest.raises(HostError, match=said), worker(tmp_path, model="greedy"):
        pytest.fail("it was not ready")


def test_the_real_command_refuses_by_kind(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match="no backend is called 'other'"),
        worker(tmp_path, NUMACTL, backend="other"),
    ):
        pytest.fail("it was not ready")
    (tmp_path / "broken.npz").write_text("no archive")
    with (
        pytest.raises(InputCorruptError, match="run train again"),
        worker(tmp_path, NUMACTL, images=str(tmp_path / "broken.npz")),
    ):
        pytest.fail("it was not ready")
