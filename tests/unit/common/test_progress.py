import io
import re

import pytest

from stages.common.progress import Progress
from tests.unit.times import TIME, without_times


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_lines_tell_stage_step_and_what_is_left(clock: list[float]) -> None:
    stream = io.StringIO()
    with Progress("train", ["features", "head"], stream=stream) as progress:
        progress.step("features")
        clock[0] = 1.0
        progress.update(1, 100)
        clock[0] = 20.0
        progress.update(20, 100)
    assert without_times(stream.getvalue()) == [
        "[train 1/2] features",
        "[train 1/2] features: 20/100, about 80 s left",
    ]


def test_a_terminal_that_only_prints_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setenv("TERM", "dumb")
    with Progress("train", ["features"], stream=stream) as progress:
        progress.step("features")
        progress.note("all were there")
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()
    assert len(without_times(stream.getvalue())) == 2


def test_a_container_without_a_terminal_can_be_told_that_a_person_watches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STAGES_TERMINAL", "1")
    stream = io.StringIO()
    with Progress("train", ["features"], stream=stream) as progress:
        progress.step("features")
    assert re.fullmatch(rf"\r\x1b\[K{TIME}\[train 1/1\] features\n", stream.getvalue())


def test_steps_are_counted_as_they_are_expected_dropped_and_begun() -> None:
    stream = io.StringIO()
    with Progress("profile", ["one", "two", "two"], stream=stream) as progress:
        progress.step("one", "one of 8 images")
        progress.drop(["two"])
        progress.expect(["three"])
        for name in ("two", "three", "four"):
            progress.step(name)
    assert without_times(stream.getvalue()) == [
        "[profile 1/3] one of 8 images",
        "[profile 2/3] two",
        "[profile 3/3] three",
        "[profile 4/4] four",
    ]


def test_a_terminal_gets_one_line_redrawn(clock: list[float]) -> None:
    stream = Terminal()
    with Progress("train", ["features"], stream=stream) as progress:
        progress.step("features")
        clock[0] = 1.0
        progress.update(5, 10)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("5/10, about 1 s left\n")
