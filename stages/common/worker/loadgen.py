"""MLCommons LoadGen: its scenarios, its rules for a valid run, its logs.

Source: mlcommons-loadgen 6.0.17, module `mlperf_loadgen`.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from stages.common.worker.protocol import LoadgenTest
from stages.errors import InputCorruptError, from_os_error
from stages.folder.full_disk import noticing
from stages.program.signals import held_back
from stages.setting.suggestion import quoted

DETAIL = "mlperf_log_detail.txt"
ANSWERS = "mlperf_log_accuracy.json"
# LoadGen makes this, too; it stays empty unless tracing is on, which costs time.
TRACE = "mlperf_log_trace.json"
LINE_HEAD = ":::MLLOG "
SCENARIOS = {"offline": "Offline", "single_stream": "SingleStream", "server": "Server"}
# The name of the figure of each scenario in LoadGen's log: samples, or queries, per second.
RATES = {
    "offline": "result_samples_per_second",
    "single_stream": "result_qps_with_loadgen_overhead",
    "server": "result_completed_samples_per_sec",
}
# LoadGen lets a file of this name change the settings of a test; there is none.
NO_AUDIT = "no-audit.config"

# What LoadGen expects where nothing is said, and how many times as fast an instance may be.
USUAL_LATENCY_S, QUERIES_TO_SPARE = 0.001, 4

# complete() answers with an int64.
CLASS_BYTES = 8
REMEDY = "measure again; get a damaged bundle again"


class _Entry(msgspec.Struct):
    """A line of LoadGen's log."""

    key: str
    value: Any


class _Answer(msgspec.Struct):
    """An answer in LoadGen's log of an accuracy test."""

    qsl_idx: int
    data: str


Issue = Callable[[Sequence[Any]], None]


def run_test(test: LoadgenTest, issue: Issue, images: int) -> dict[str, Any]:
    """Run one test over `images` samples; return the last value of each key in LoadGen's log.

    `issue` takes LoadGen's queries, each with an id and the index of an image, and must have
    every one of them completed. LoadGen leaves its logs in `test.folder`. Raises DiskFullError
    if it can't, InputCorruptError if they can't be read.
    """
    import mlperf_loadgen

    folder = Path(test.folder)
    folder.mkdir(parents=True, exist_ok=True)
    system = mlperf_loadgen.ConstructSUT(issue, _do_nothing)
    library = mlperf_loadgen.ConstructQSL(images, images, _do_nothing, _do_nothing)
    time.sleep(max(0.0, test.start_at_s - time.monotonic()))
    try:
        with held_back():  # LoadGen ends the process if its callbacks raise an exception
            mlperf_loadgen.StartTestWithLogSettings(
                system, library, _settings(test), _log_settings(folder), NO_AUDIT
            )
    finally:
        mlperf_loadgen.DestroyQSL(library)
        mlperf_loadgen.DestroySUT(system)
    with noticing(folder):
        (folder / TRACE).unlink()
        return read_detail(folder / DETAIL)


def complete(queries: Sequence[Any], classes: npt.NDArray[np.int64]) -> None:
    """Report to LoadGen that these queries are answered, by one class index each."""
    import mlperf_loadgen

    start, size = classes.ctypes.data, classes.itemsize
    mlperf_loadgen.QuerySamplesComplete(
        [
            mlperf_loadgen.QuerySampleResponse(query.id, start + position * size, size)
            for position, query in enumerate(queries)
        ]
    )


def rate_of(scenario: str, detail: Mapping[str, Any]) -> float:
    """Return LoadGen's figure of a test, 0 if it has none, as after one of accuracy.

    Raises InputCorruptError if it is no number.
    """
    rate = detail.get(RATES[scenario], 0.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < math.inf:
        raise InputCorruptError(f"LoadGen's log gives the rate {quoted(str(rate))}; {REMEDY}")
    return float(rate)


def reasons_of(detail: Mapping[str, Any]) -> list[str]:
    """Return why LoadGen calls a run invalid, in its own words if it gives any."""
    if detail.get("result_validity") == "VALID":
        return []
    early_stopping = str(detail.get("early_stopping_result", ""))
    checks = {
        "result_min_duration_met": "shorter than the least duration",
        "result_min_queries_met": "fewer than the least number of queries",
        "early_stopping_met": " ".join(early_stopping.replace("*", " ").split()),
    }
    return [reason for key, reason in checks.items() if not detail.get(key)] or ["no result"]


def read_answers(path: Path) -> list[int]:
    """Return the class of each image, by its index, from LoadGen's log of an accuracy test.

    Raises InputCorruptError if it can't be read.
    """
    try:
        answers = msgspec.json.decode(path.read_bytes(), type=list[_Answer])
        classes = {answer.qsl_idx: _class(answer.data) for answer in answers}
    except (OSError, ValueError, RecursionError) as error:
        raise from_os_error(error) or _corrupt(path, error) from None
    return [classes[index] for index in sorted(classes)]


def _class(data: str) -> int:
    """Return a class index from the bytes of an int64, in hexadecimal; ValueError if it is none."""
    content = bytes.fromhex(data)
    if len(content) != CLASS_BYTES:
        raise ValueError(f"{len(content)} bytes are no class")
    return int.from_bytes(content, "little", signed=True)


def _corrupt(path: Path, error: Exception) -> InputCorruptError:
    return InputCorruptError(f"{path}, LoadGen's log, can't be read ({error}); {REMEDY}")


def _do_nothing(*_: object) -> None:
    """Do nothing: all images are in memory already, and no query waits to be flushed."""


def _settings(test: LoadgenTest) -> Any:
    import mlperf_loadgen

    settings = mlperf_loadgen.TestSettings()
    settings.scenario = getattr(mlperf_loadgen.TestScenario, SCENARIOS[test.scenario])
    mode = "AccuracyOnly" if test.accuracy else "PerformanceOnly"
    settings.mode = getattr(mlperf_loadgen.TestMode, mode)
    settings.min_duration_ms = round(1000 * test.min_duration_s)
    settings.min_query_count = test.min_queries
    settings.single_stream_target_latency_percentile = test.percentile
    # By it LoadGen makes its queries beforehand; when they are used up, the test ends, too short.
    fastest_s = 1 / (QUERIES_TO_SPARE * test.expected_per_s) if test.expected_per_s else math.inf
    expected_s = min(USUAL_LATENCY_S, fastest_s)
    settings.single_stream_expected_latency_ns = max(1, round(1e9 * expected_s))
    # A rate that leaves the number of samples to min_query_count.
    settings.offline_expected_qps = 0.001
    settings.server_target_qps = test.target_per_s or 1.0
    settings.server_target_latency_ns = round(1e9 * test.latency_bound_s)
    settings.server_target_latency_percentile = test.percentile
    settings.qsl_rng_seed = settings.sample_index_rng_seed = settings.schedule_rng_seed = test.seed
    return settings


def _log_settings(folder: Path) -> Any:
    import mlperf_loadgen

    settings = mlperf_loadgen.LogSettings()
    settings.log_output.outdir = str(folder)
    settings.log_output.copy_summary_to_stdout = False
    settings.enable_trace = False
    return settings


def read_detail(path: Path) -> dict[str, Any]:
    """Return the last value of each key in LoadGen's log.

    Raises InputCorruptError if it can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        entries = [
            msgspec.json.decode(line.removeprefix(LINE_HEAD), type=_Entry)
            for line in lines
            if line.startswith(LINE_HEAD)
        ]
    except (OSError, ValueError, RecursionError) as error:
        raise from_os_error(error) or _corrupt(path, error) from None
    return {entry.key: entry.value for entry in entries}
