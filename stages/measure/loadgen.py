"""MLCommons LoadGen drives a model: its scenarios, its rules for a valid run, its logs.

Source: mlcommons-loadgen 6.0.17, module `mlperf_loadgen`.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.measure.protocol import Load, LoadAnswer
from stages.runtime import Images, Infer

SUMMARY, DETAIL = "mlperf_log_summary.txt", "mlperf_log_detail.txt"
# LoadGen makes these, too; this one stays empty unless tracing is on, which costs time.
TRACE = "mlperf_log_trace.json"
LINE_HEAD = ":::MLLOG "
SCENARIOS = {"offline": "Offline", "single_stream": "SingleStream"}
# The name of the figure of each scenario in LoadGen's log: samples, or queries, per second.
RATES = {
    "offline": "result_samples_per_second",
    "single_stream": "result_qps_with_loadgen_overhead",
}
# What LoadGen looks for in its folder to change the settings of a test; there is none.
NO_AUDIT = "no-audit.config"


class Subject:
    """The system under test: `infer` over `images` [N, height, width, 3], a batch at a time.

    `seconds` are those of each batch, `ended_s` the monotonic clock after each; `predictions` are
    class indices by image, -1 where an image was not asked for.
    """

    def __init__(self, infer: Infer, images: Images, batch_size: int) -> None:
        self._infer, self._images = infer, images
        self._buffer = np.empty((batch_size, *images.shape[1:]), np.float32)
        self.seconds: list[float] = []
        self.ended_s: list[float] = []
        self.predictions: npt.NDArray[np.int64] = np.full(len(images), -1, np.int64)

    def issue(self, queries: Sequence[Any]) -> None:
        """Answer the samples that LoadGen asks for, in batches; the last may be smaller."""
        import mlperf_loadgen

        for start in range(0, len(queries), len(self._buffer)):
            part = queries[start : start + len(self._buffer)]
            classes = self._classified([each.index for each in part])
            mlperf_loadgen.QuerySamplesComplete(
                [
                    mlperf_loadgen.QuerySampleResponse(each.id, address, classes.itemsize)
                    for each, address in zip(part, _addresses(classes), strict=True)
                ]
            )

    def _classified(self, indices: list[int]) -> npt.NDArray[np.int64]:
        began = time.monotonic()
        batch = self._buffer[: len(indices)]
        np.take(self._images, indices, axis=0, out=batch, mode="clip")
        classes: npt.NDArray[np.int64] = self._infer(batch).argmax(axis=1)
        self.ended_s.append(time.monotonic())
        self.seconds.append(self.ended_s[-1] - began)
        self.predictions[indices] = classes
        return classes


def _addresses(values: npt.NDArray[np.int64]) -> range:
    start = values.ctypes.data
    return range(start, start + values.nbytes, values.itemsize)


def load(infer: Infer, images: Images, asked: Load) -> LoadAnswer:
    """Run one test of LoadGen, which leaves its logs in `asked.folder`, and return what it says."""
    import mlperf_loadgen

    folder = Path(asked.folder)
    folder.mkdir(parents=True, exist_ok=True)
    subject = Subject(infer, images, asked.batch_size)
    tested = mlperf_loadgen.ConstructSUT(subject.issue, _nothing)
    library = mlperf_loadgen.ConstructQSL(len(images), len(images), _nothing, _nothing)
    time.sleep(max(0.0, asked.start_at_s - time.monotonic()))
    try:
        mlperf_loadgen.StartTestWithLogSettings(
            tested, library, _settings(asked, len(images)), _log_settings(folder), NO_AUDIT
        )
    finally:
        mlperf_loadgen.DestroyQSL(library)
        mlperf_loadgen.DestroySUT(tested)
    (folder / TRACE).unlink()
    return _answer(asked, subject, read_detail(folder / DETAIL))


def _nothing(*_: object) -> None:
    """All images are in memory, and every query is answered at once."""


def _settings(asked: Load, images: int) -> Any:
    import mlperf_loadgen

    settings = mlperf_loadgen.TestSettings()
    settings.scenario = getattr(mlperf_loadgen.TestScenario, SCENARIOS[asked.scenario])
    mode = "AccuracyOnly" if asked.accuracy else "PerformanceOnly"
    settings.mode = getattr(mlperf_loadgen.TestMode, mode)
    settings.min_duration_ms = round(1000 * asked.min_duration_s)
    settings.min_query_count = asked.min_queries
    settings.single_stream_target_latency_percentile = asked.percentile
    # A rate that leaves the number of samples to min_query_count.
    settings.offline_expected_qps = 0.001
    settings.qsl_rng_seed = settings.sample_index_rng_seed = settings.schedule_rng_seed = asked.seed
    return settings


def _log_settings(folder: Path) -> Any:
    import mlperf_loadgen

    settings = mlperf_loadgen.LogSettings()
    settings.log_output.outdir = str(folder)
    settings.log_output.copy_summary_to_stdout = False
    settings.enable_trace = False
    return settings


def _answer(asked: Load, subject: Subject, detail: dict[str, Any]) -> LoadAnswer:
    reasons = [] if asked.accuracy else _reasons(detail)
    return LoadAnswer(
        valid=not reasons,
        reasons=reasons,
        rate_per_s=float(detail.get(RATES[asked.scenario], 0.0)),
        seconds=subject.seconds,
        ended_s=subject.ended_s,
        predictions=subject.predictions.tolist() if asked.accuracy else [],
    )


def _reasons(detail: dict[str, Any]) -> list[str]:
    """Return why LoadGen calls a run invalid, in its own words where it has some."""
    if detail.get("result_validity") == "VALID":
        return []
    said = str(detail.get("early_stopping_result", ""))
    checks = {
        "result_min_duration_met": "shorter than the least duration",
        "result_min_queries_met": "fewer than the least number of queries",
        "early_stopping_met": " ".join(said.replace("*", " ").split()),
    }
    return [reason for key, reason in checks.items() if not detail.get(key)] or ["no result"]


def read_detail(path: Path) -> dict[str, Any]:
    """Return the last value of each key in LoadGen's detailed log."""
    found: dict[str, Any] = {}
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith(LINE_HEAD):
            entry = json.loads(line.removeprefix(LINE_HEAD))
            found[entry["key"]] = entry["value"]
    return found
