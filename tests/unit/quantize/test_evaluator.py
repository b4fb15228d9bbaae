from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.host import memory
from stages.common.host.memory import GIB, Footprint
from stages.common.worker.interleave import orders
from stages.common.worker.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Ready,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
)
from stages.quantize import evaluator as module
from stages.quantize.evaluator import Contender, Evaluator, divergence
from stages.quantize.op_profile import attribute_primitives
from stages.samples import Samples
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from tests.unit.quantize.parts import GRAPHS, LOGS, traced
from tests.unit.records import NOT_COUNTED

RECORDING = "itex2150_int8-shared"
FALLBACK = "W itex: Unsupported INT8 pattern at PartitionedCall/head/MatMul"


class StandIn:
    """A worker that guesses class 0; its turns take what `seconds` has for its name.

    `asked` are the names and requests in order, `open` the names of the workers that still run,
    `together` the most that ever did, `images` the splits that they hold.
    """

    together = 0

    seconds: dict[str, list[list[float]]]
    asked: list[tuple[str, Any]]
    open: list[str]
    images: list[str]

    def __init__(
        self, job: Job, log: Path, timeout_s: float, *, verbose: bool, waiting: bool
    ) -> None:
        self._job, self._log, self._verbose = job, log, verbose
        self.ready = Ready(cores=job.cores, load_seconds=1.0, versions={"of": job.name})
        StandIn.images.append(job.images)

    def __enter__(self) -> "StandIn":
        StandIn.open.append(self._job.name)
        StandIn.together = max(StandIn.together, len(StandIn.open))
        text = (LOGS / f"traced_{RECORDING}.txt").read_text() if self._verbose else ""
        self._log.write_text(f"{FALLBACK}\n{text}")
        return self

    def __exit__(self, *_: object) -> None:
        StandIn.open.remove(self._job.name)

    def wait(self) -> Ready:
        return self.ready

    def footprint(self) -> Footprint:
        return Footprint(3 * GIB, GIB)

    def ask(self, request: Any, answer: type, lasting_s: float = 0.0) -> Any:
        StandIn.asked.append((self._job.name, request))
        match request:
            case Trace():
                return TraceAnswer(nodes=traced(RECORDING)[1], amx_busy=NOT_COUNTED)
            case Turn():
                return TurnAnswer(batch_seconds=StandIn.seconds[self._job.name].pop(0))
            case Classify():
                return ClassifyAnswer(probabilities=[[0.75, 0.25]] * 4)


FP32, INT8 = Contender("fp32", Path("f"), "fp32"), Contender("trial-1", Path("i"), "int8")
SETTINGS = Settings(batch_size=4, round_duration_s=0.5)


@pytest.fixture
def train(tmp_path: Path) -> TrainFolder:
    folder = TrainFolder(tmp_path / "train")
    labels = np.array([0, 0, 0, 1])
    Samples(np.zeros((4, 224, 224, 3), np.uint8), labels).save(folder.validation)
    return folder


@pytest.fixture
def evaluator(
    train: TrainFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Evaluator]:
    monkeypatch.setattr(module, "WorkerProcess", StandIn)
    StandIn.seconds, StandIn.asked, StandIn.open, StandIn.images = {}, [], [], []
    StandIn.together = 0
    yield Evaluator(SETTINGS, train, [0, 1], tmp_path)
    assert StandIn.open == []


def test_what_is_examined_tells_its_layers_fallbacks_and_answers(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    graph = GRAPHS[RECORDING]
    examined = evaluator.examine(INT8, graph)
    assert examined.layers == attribute_primitives(*traced(RECORDING), graph)
    assert examined.fallbacks == [FALLBACK]
    assert examined.answers.accuracy_top1 == 0.75
    assert StandIn.asked == [("trial-1", Trace(4)), ("trial-1", Classify(4))]
    assert "onednn_verbose" in (tmp_path / "trial-1.log").read_text()


def test_answers_are_of_the_split_that_the_worker_holds(
    evaluator: Evaluator, train: TrainFolder
) -> None:
    answers = evaluator.classify(INT8)
    assert (answers.accuracy_top1, answers.probabilities.tolist()) == (0.75, [[0.75, 0.25]] * 4)
    assert StandIn.asked == [("trial-1", Classify(4))]
    assert StandIn.images == [str(train.validation)]


def test_contenders_take_turns_and_the_median_round_counts(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    StandIn.seconds = {
        "fp32": [[2.0], [1.0, 1.0, 9.0], [8.0]],
        "trial-1": [[0.5], [0.25], [4.0]],
    }
    evaluator.examine(INT8, GRAPHS[RECORDING])
    times = evaluator.time([FP32, INT8], 3)
    assert times.throughputs == [4 / 2.0, 4 / 0.5]
    assert times.batch_seconds[0] == [[2.0], [1.0, 1.0, 9.0], [8.0]]
    turns = [name for name, request in StandIn.asked if request == Turn(4, 0.5)]
    in_order = [index for order in islice(orders(2), 3) for index in order]
    assert turns == [("fp32", "trial-1")[index] for index in in_order]
    assert "onednn_verbose" in (tmp_path / "trial-1.log").read_text()


@pytest.mark.parametrize(("left", "together"), [(None, 2), (7, 2), (6, 1)])
def test_what_memory_does_not_hold_side_by_side_loads_for_each_turn(
    left: int | None, together: int, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: left and left * GIB)
    for contender in (FP32, INT8):
        evaluator.examine(contender, GRAPHS[RECORDING])  # which takes 3 GiB at its peak
    StandIn.seconds = {"fp32": [[2.0], [1.0]], "trial-1": [[0.5], [0.25]]}
    StandIn.together = 0
    times = evaluator.time([FP32, INT8], 2)
    assert StandIn.together == together
    assert evaluator.fit([FP32, INT8]) == (together == 2)
    assert times.batch_seconds == [[[2.0], [1.0]], [[0.5], [0.25]]]
    turns = [name for name, request in StandIn.asked if isinstance(request, Turn)]
    assert turns == [("fp32", "trial-1")[i] for order in islice(orders(2), 2) for i in order]


def test_of_a_model_that_an_earlier_run_examined_vgg19s_size_is_taken(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = memory.needed_at_once([memory.expected_footprint("int8", 4)])
    for left, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(memory, "available", lambda left=left: left)
        assert evaluator.fit([INT8]) == fits


def test_equal_probabilities_do_not_diverge() -> None:
    rows = np.array([[0.2, 0.8], [1.0, 0.0]])
    assert divergence(rows, rows) == 0


def test_divergence_is_the_mean_over_images_in_nats() -> None:
    reference = np.array([[0.5, 0.5], [0.25, 0.75]])
    other = np.array([[0.9, 0.1], [0.25, 0.75]])
    first = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert divergence(reference, other) == pytest.approx(first / 2)


def test_a_class_ruled_out_diverges_far_but_not_endlessly() -> None:
    far = divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    assert 10 < far < 100
