from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import TrainFolder
from stages.measure.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Ready,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
)
from stages.measure.turns import orders
from stages.quantize import bench as module
from stages.quantize.bench import Bench, Contender, divergence
from stages.quantize.layers import layers
from stages.samples import Samples
from stages.settings import Settings
from tests.unit.quantize.parts import GRAPHS, LOGS, traced

RECORDING = "itex2150_int8-shared"
FALLBACK = "W itex: Unsupported INT8 pattern at PartitionedCall/head/MatMul"


class StandIn:
    """A worker that guesses class 0; its turns take what `seconds` has for its name.

    `asked` are the names and requests in order, `open` the names of those that still run.
    """

    seconds: dict[str, list[list[float]]]
    asked: list[tuple[str, Any]]
    open: list[str]

    def __init__(
        self, job: Job, log: Path, timeout_s: float, *, verbose: bool, waiting: bool
    ) -> None:
        self._job, self._log, self._verbose = job, log, verbose
        self.ready = Ready(cores=job.cores, load_seconds=1.0, versions={"of": job.name})

    def __enter__(self) -> "StandIn":
        StandIn.open.append(self._job.name)
        text = (LOGS / f"traced_{RECORDING}.txt").read_text() if self._verbose else ""
        self._log.write_text(f"{FALLBACK}\n{text}")
        return self

    def __exit__(self, *_: object) -> None:
        StandIn.open.remove(self._job.name)

    def wait(self) -> Ready:
        return self.ready

    def ask(self, request: Any, answer: type) -> Any:
        StandIn.asked.append((self._job.name, request))
        match request:
            case Trace():
                return TraceAnswer(nodes=traced(RECORDING)[1])
            case Turn():
                return TurnAnswer(batch_seconds=StandIn.seconds[self._job.name].pop(0))
            case Classify(images=images):
                with np.load(images) as arrays:
                    rows = len(arrays["labels"])
                return ClassifyAnswer(probabilities=[[0.75, 0.25]] * rows)


FP32, INT8 = Contender("fp32", Path("f"), "fp32"), Contender("trial-1", Path("i"), "int8")
SETTINGS = Settings(batch_size=4, rounds=3, round_duration_s=0.5)


@pytest.fixture
def train(tmp_path: Path) -> TrainFolder:
    folder = TrainFolder(tmp_path / "train")
    for path, labels in ((folder.validation, [0, 0, 0, 1]), (folder.test, [0, 1])):
        Samples(np.zeros((len(labels), 224, 224, 3), np.uint8), np.array(labels)).save(path)
    return folder


@pytest.fixture
def bench(train: TrainFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "Worker", StandIn)
    StandIn.seconds, StandIn.asked, StandIn.open = {}, [], []
    yield Bench(SETTINGS, train, [0, 1], tmp_path)
    assert StandIn.open == []


def asked(kind: type) -> list[str]:
    return [name for name, request in StandIn.asked if isinstance(request, kind)]


def test_a_proof_is_the_layers_and_the_fallbacks_of_one_inference(
    bench: Bench, tmp_path: Path
) -> None:
    graph = GRAPHS[RECORDING]
    found, fallbacks = bench.proof(INT8, graph)
    assert found == layers(*traced(RECORDING), graph)
    assert fallbacks == [FALLBACK]
    assert StandIn.asked == [("trial-1", Trace(4))]
    assert "onednn_verbose" in (tmp_path / "trial-1.log").read_text()


def test_a_score_is_of_the_validation_split_and_leaves_the_proofs_log(
    bench: Bench, train: TrainFolder, tmp_path: Path
) -> None:
    StandIn.seconds["trial-1"] = [[0.5, 8.0, 0.25]]
    bench.proof(INT8, GRAPHS[RECORDING])
    score = bench.score(INT8)
    assert (score.accuracy_top1, score.throughput_images_per_s) == (0.75, 4 / 0.5)
    assert score.probabilities.tolist() == [[0.75, 0.25]] * 4
    assert StandIn.asked[1:] == [
        ("trial-1", Classify(4, str(train.validation))),
        ("trial-1", Turn(4, 0.5)),
    ]
    assert "onednn_verbose" in (tmp_path / "trial-1.log").read_text()


def test_in_a_duel_contenders_take_turns_and_the_median_round_counts(bench: Bench) -> None:
    StandIn.seconds = {
        "fp32": [[2.0], [1.0, 1.0, 9.0], [8.0]],
        "trial-1": [[0.5], [0.25], [4.0]],
    }
    assert bench.duel([FP32, INT8]) == [4 / 2.0, 4 / 0.5]
    assert asked(Turn) == [("fp32", "trial-1")[at] for order in orders(2, 3) for at in order]
    assert asked(Classify) == []


def test_in_the_end_each_classifies_the_test_split_once(bench: Bench, train: TrainFolder) -> None:
    StandIn.seconds = {"fp32": [[1.0]] * 3, "trial-1": [[0.5]] * 3}
    throughputs, tests, versions = bench.final([FP32, INT8])
    assert (throughputs, tests, versions) == ([4.0, 8.0], [0.5, 0.5], {"of": "fp32"})
    classified = [each for each in StandIn.asked if isinstance(each[1], Classify)]
    assert classified == [
        ("fp32", Classify(4, str(train.test))),
        ("trial-1", Classify(4, str(train.test))),
    ]
    assert StandIn.asked[-2:] == classified


def test_equal_probabilities_do_not_diverge() -> None:
    rows = np.array([[0.2, 0.8], [1.0, 0.0]])
    assert divergence(rows, rows) == 0


def test_divergence_is_the_mean_over_images_in_nats() -> None:
    reference = np.array([[0.5, 0.5], [0.25, 0.75]])
    other = np.array([[0.9, 0.1], [0.25, 0.75]])
    first = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert divergence(reference, other) == pytest.approx(first / 2)


def test_a_class_ruled_out_diverges_far_but_not_endlessly() -> None:
    found = divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]))
    assert 10 < found < 100
