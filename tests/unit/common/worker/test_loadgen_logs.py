"""LoadGen's logs, as they may be found; needs no LoadGen."""

from pathlib import Path

import pytest

from stages.common.worker.loadgen import rate_of, read_answers, read_detail
from stages.errors import InputCorruptError


def test_the_last_value_of_each_key_counts(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(
        ':::MLLOG {"key": "a", "value": 1}\nodd\n:::MLLOG {"key": "a", "value": "b", "time": 3}\n'
    )
    assert read_detail(tmp_path / "log") == {"a": "b"}


@pytest.mark.parametrize("line", ["{", "[]", '{"key": 1, "value": 2}', '{"value": 2}', "[" * 10**5])
def test_a_damaged_log_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f":::MLLOG {line}\n")
    with pytest.raises(InputCorruptError, match="LoadGen's log, can't be read"):
        read_detail(tmp_path / "log")
    with pytest.raises(InputCorruptError, match="LoadGen's log, can't be read"):
        read_detail(tmp_path / "missing")


@pytest.mark.parametrize("rate", ["3.5", None, [1], True, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: object) -> None:
    with pytest.raises(InputCorruptError, match="gives the rate"):
        rate_of("offline", {"result_samples_per_second": rate})
    assert rate_of("offline", {"result_samples_per_second": 3}) == 3.0
    assert rate_of("offline", {}) == 0.0


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"qsl_idx": 0}]', '[{"qsl_idx": 0, "data": "xy"}]', '[{"data": ""}]']
)
def test_damaged_answers_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text(text)
    with pytest.raises(InputCorruptError, match="LoadGen's log, can't be read"):
        read_answers(tmp_path / "answers")
