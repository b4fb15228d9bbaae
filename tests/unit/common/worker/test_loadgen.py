"""LoadGen at work, over a model that needs no framework; it is in the images that measure."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.worker.loadgen import ANSWERS, read_answers
from stages.common.worker.protocol import LoadgenAnswer, LoadgenTest
from tests.unit.common.worker.test_main import LABELS, worker

pytestmark = pytest.mark.image
SHADES = (0, 255, 255, 0, 255)


class Brightness:
    """Class 1 are images brighter than half; keeps the sizes of its batches."""

    def __init__(self, seconds_per_batch: float = 0.0) -> None:
        self._seconds = seconds_per_batch
        self.sizes: list[int] = []

    def __call__(self, images: Any) -> Any:
        time.sleep(self._seconds)
        self.sizes.append(len(images))
        bright = images.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1)


def run(model: Brightness, folder: Path, **asked: Any) -> LoadgenAnswer:
    from stages.common.worker.system_under_test import run_loadgen_test

    images = np.array(SHADES, np.float32)[:, None, None, None] / 255 * np.ones((5, 2, 2, 3))
    test = LoadgenTest(folder=str(folder), **asked)
    return run_loadgen_test(model, images.astype(np.float32), test)


def test_offline_is_one_query_in_batches(tmp_path: Path) -> None:
    model = Brightness(0.05)
    answer = run(model, tmp_path, scenario="offline", batch_size=4, min_queries=10)
    assert model.sizes == [4, 4, 2]
    assert (answer.valid, answer.reasons) == (True, [])
    assert len(answer.seconds) == 3
    assert answer.rate_per_s == pytest.approx(10 / sum(answer.seconds), rel=0.3)
    assert "Scenario : Offline" in (tmp_path / "mlperf_log_summary.txt").read_text()


def test_offline_that_ends_early_is_not_valid(tmp_path: Path) -> None:
    answer = run(
        Brightness(), tmp_path, scenario="offline", batch_size=4, min_queries=4, min_duration_s=5.0
    )
    assert (answer.valid, answer.reasons) == (False, ["shorter than the least duration"])


def test_a_single_stream_is_one_image_at_a_time(tmp_path: Path) -> None:
    model = Brightness(0.05)
    answer = run(model, tmp_path, scenario="single_stream", min_queries=11)
    assert model.sizes == [1] * 11
    assert answer.valid
    assert answer.rate_per_s == pytest.approx(11 / sum(answer.seconds), rel=0.3)


def test_too_few_queries_for_the_percentile_are_not_valid(tmp_path: Path) -> None:
    answer = run(Brightness(), tmp_path, scenario="single_stream", min_queries=11, percentile=0.9)
    assert not answer.valid
    assert answer.reasons == [
        "Only processed 11 queries. Need to process at least 64 queries for early stopping."
    ]


def test_a_single_stream_of_a_fast_model_lasts_as_long_as_asked(tmp_path: Path) -> None:
    asked = {"scenario": "single_stream", "min_queries": 1, "min_duration_s": 0.5}
    short = run(Brightness(), tmp_path / "short", **asked)
    assert (short.valid, short.reasons) == (False, ["shorter than the least duration"])
    answer = run(Brightness(), tmp_path / "long", **asked, expected_per_s=20_000.0)
    assert answer.valid, answer.reasons


def test_a_single_stream_lasts_as_long_as_asked(tmp_path: Path) -> None:
    model = Brightness(0.05)
    run(model, tmp_path, scenario="single_stream", min_queries=1, min_duration_s=0.5)
    assert 5 <= len(model.sizes) <= 11


def test_accuracy_asks_for_each_image_once(tmp_path: Path) -> None:
    model = Brightness()
    answer = run(model, tmp_path, scenario="offline", batch_size=2, accuracy=True)
    assert model.sizes == [2, 2, 1]
    assert answer.predictions == [0, 1, 1, 0, 1]
    assert read_answers(tmp_path / ANSWERS) == answer.predictions


def test_equal_seeds_ask_for_equal_images(tmp_path: Path) -> None:
    def asked(folder: str, seed: int) -> list[bool]:
        seen: list[bool] = []

        class Seeing(Brightness):
            def __call__(self, images: Any) -> Any:
                seen.extend(bool(image.mean() > 0.5) for image in images)
                return super().__call__(images)

        run(Seeing(), tmp_path / folder, scenario="offline", min_queries=64, seed=seed)
        return seen

    assert asked("a", 1) == asked("b", 1) != asked("c", 2)


def test_it_begins_when_it_is_told_to(tmp_path: Path) -> None:
    start = time.monotonic() + 0.3
    answer = run(Brightness(), tmp_path, scenario="offline", batch_size=4, start_at_s=start)
    assert answer.ended_s[0] - answer.seconds[0] >= start


def test_a_worker_runs_it_as_asked(tmp_path: Path) -> None:
    folder = tmp_path / "loadgen"
    with worker(tmp_path) as process:
        test = LoadgenTest(scenario="offline", folder=str(folder), batch_size=4, accuracy=True)
        answer = process.ask(test, LoadgenAnswer)
    assert answer.predictions == LABELS
    assert (folder / "mlperf_log_detail.txt").is_file()
    sizes = [int(line.split()[-1]) for line in (tmp_path / "log").read_text().splitlines()]
    assert sizes == [1, 4, 1]
