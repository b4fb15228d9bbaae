import io

import pytest

from stages.progress import Progress


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
    with Progress("train", 2, stream=stream) as progress:
        progress.step("features")
        clock[0] = 1.0
        progress.update(1, 100)
        clock[0] = 20.0
        progress.update(20, 100)
    assert stream.getvalue().splitlines() == [
        "[train 1/2] features",
        "[train 1/2] features: 20/100, about 80 s left",
    ]


def test_alike_steps_tell_the_whole_rest(clock: list[float]) -> None:
    stream = io.StringIO()
    with Progress("profile", 3, alike=True, stream=stream) as progress:
        progress.step("one")
        clock[0] = 120.0
        progress.step("two")
    assert stream.getvalue().splitlines()[-1] == "[profile 2/3] two (about 4 min left)"


def test_a_terminal_gets_one_line_redrawn(clock: list[float]) -> None:
    stream = Terminal()
    with Progress("train", 1, stream=stream) as progress:
        progress.step("features")
        clock[0] = 1.0
        progress.update(5, 10)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("5/10, about 1 s left\n")
