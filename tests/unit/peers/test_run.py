"""All workers alive at once, each scored, then all in turns."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from stages.common.entries import Entry
from stages.common.progress import Progress
from stages.common.worker.interleave import orders
from stages.common.worker.protocol import Classify, ClassifyAnswer, Ready, Turn, TurnAnswer
from stages.errors import ModelError, WorkerError
from stages.peers.run import Conditions, measure_with, steps
from stages.records.peers import Contender
from tests.unit.times import without_times
from tests.unit.workers import FakeWorker

ENTRIES = (
    Entry("stock", "fp32"),
    Entry("stock", "bf16", missing="no flag"),
    Entry("openvino", "fp32"),
)


class Fake(FakeWorker):
    """Takes half a second per image, and is right about the first of two images."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked
        self.ready = Ready(cores=[0], load_seconds=1.0, versions={"python": name})

    def ask(self, request: Any, answer: Any, lasting_s: float = 0.0) -> Any:
        self._asked.append(f"{self._name} {type(request).__name__}")
        match request:
            case Classify():
                return ClassifyAnswer(probabilities=[[0.9, 0.1], [0.8, 0.2]])
            case Turn(size):
                return TurnAnswer(batch_seconds=[size / 2])


@pytest.fixture
def conditions(tmp_path: Path) -> Conditions:
    return Conditions(
        cores=[0],
        images=tmp_path / "test.npz",
        labels=[0, 1],
        batch_sizes=(1, 2),
        rounds=2,
        round_duration_s=1.0,
        timeout_s=1.0,
    )


def run(conditions: Conditions, asked: list[str]) -> tuple[list[Contender], str]:
    shown = io.StringIO()

    @contextmanager
    def start(entry: Entry) -> Iterator[Fake]:
        asked.append(f"{entry.name} begins")
        yield Fake(entry.name, asked)
        asked.append(f"{entry.name} ends")

    with Progress("peers", steps(ENTRIES, conditions), stream=shown) as progress:
        return measure_with(start, ENTRIES, conditions, progress), shown.getvalue()


def test_all_are_alive_until_the_last_turn(conditions: Conditions) -> None:
    asked: list[str] = []
    run(conditions, asked)
    names = ("stock_fp32", "openvino_fp32")
    turns = [f"{names[index]} Turn" for order in islice(orders(2), 2) for index in order]
    assert asked == [
        "stock_fp32 begins",
        "stock_fp32 Classify",
        "openvino_fp32 begins",
        "openvino_fp32 Classify",
        *turns * 2,
        "openvino_fp32 ends",
        "stock_fp32 ends",
    ]


def test_each_keeps_its_place_and_figures(conditions: Conditions) -> None:
    (own, missing, peer), _ = run(conditions, [])
    assert (own.backend, own.accuracy_top1, own.versions) == (
        "stock",
        0.5,
        {"python": "stock_fp32"},
    )
    assert [figures.throughput_images_per_s for figures in own.figures] == [2.0, 2.0]
    assert own.figures[1].batch_seconds == [[1.0], [1.0]]
    assert (missing.precision, missing.missing, missing.figures) == ("bf16", "no flag", [])
    assert peer.backend == "openvino"


def test_progress_counts_to_its_last_step(conditions: Conditions) -> None:
    _, shown = run(conditions, [])
    assert without_times(shown) == [
        "[peers 1/4] top-1 of stock fp32",
        "[peers 2/4] top-1 of openvino fp32",
        "[peers 3/4] 2 rounds at batch size 1",
        "[peers 4/4] 2 rounds at batch size 2",
    ]


@pytest.mark.parametrize("refuses", ["start", "Classify"])
def test_a_peer_that_refuses_is_missing_with_the_reason_and_costs_the_others_nothing(
    refuses: str, conditions: Conditions
) -> None:
    ended: list[str] = []
    entries = (*ENTRIES, Entry("onnxruntime", "fp32", Path("/made/model.onnx")))

    class Refusing(Fake):
        def ask(self, request: Any, answer: Any, lasting_s: float = 0.0) -> Any:
            if isinstance(request, Classify):
                raise ModelError("/made/model.onnx runs in bf16,\nnot in fp32")
            return super().ask(request, answer, lasting_s)

    @contextmanager
    def start(entry: Entry) -> Iterator[Fake]:
        is_it = entry.backend == "onnxruntime"
        if is_it and refuses == "start":
            raise ModelError("/made/model.onnx runs in bf16,\nnot in fp32")
        try:
            yield (Refusing if is_it else Fake)(entry.name, [])
        finally:
            ended.append(entry.name)

    with Progress("peers", steps(entries, conditions), stream=io.StringIO()) as progress:
        own, _, peer, refused = measure_with(start, entries, conditions, progress)
    assert refused.missing == "model.onnx runs in bf16, not in fp32"
    assert (refused.backend, refused.figures, refused.accuracy_top1) == ("onnxruntime", [], None)
    assert [len(it.figures) for it in (own, peer)] == [2, 2]
    assert ended[-2:] == ["openvino_fp32", "stock_fp32"]


def test_one_of_ours_that_refuses_ends_all(conditions: Conditions) -> None:
    @contextmanager
    def start(entry: Entry) -> Iterator[Fake]:
        if entry.is_ours:
            raise ModelError("it can't be loaded")
        yield Fake(entry.name, [])

    with pytest.raises(ModelError, match="it can't be loaded"):
        measure_with(start, ENTRIES, conditions, Progress("peers", stream=io.StringIO()))


def test_one_that_fails_ends_the_others(conditions: Conditions) -> None:
    ended: list[str] = []

    @contextmanager
    def start(entry: Entry) -> Iterator[Fake]:
        if entry.backend == "openvino":
            raise WorkerError("it died")
        try:
            yield Fake(entry.name, [])
        finally:
            ended.append(entry.name)

    progress = Progress("peers", stream=io.StringIO())
    with pytest.raises(WorkerError, match="it died"):
        measure_with(start, ENTRIES, conditions, progress)
    assert ended == ["stock_fp32"]
