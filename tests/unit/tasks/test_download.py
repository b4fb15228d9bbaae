"""When invoke starts the download, and when it does not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docker import running
from docker.build.graph import Stage
from docker.outcome import Outcome
from docker.runners import RUNNERS
from stages.setting.programs import STAGES
from tests.unit.files.test_given_module import make_module


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what a stand-in for a runner started, which lets download fail if asked to."""
    names: list[str] = []

    def prepare(stages: list[Stage], *_: object) -> Any:
        def run(stage: Stage, settings: Mapping[str, str]) -> Outcome:
            names.append(stage.name)
            return Outcome(9 if settings.get("FAIL") == stage.name else 0, 0.0)

        return run

    monkeypatch.setitem(RUNNERS, "local", prepare)
    return names


def run(programs: list[str], **given: str) -> int:
    return running.run_stages(programs, "pipeline", "local", given)


@pytest.mark.parametrize(
    "given",
    [{"data": "beans"}, {"backbone": "imagenet"}, {"backbone": "https://hub/m/1"}],
)
def test_it_comes_before_train_if_anything_comes_from_a_network(
    given: dict[str, str], started: list[str]
) -> None:
    assert run([*STAGES], **given) == 0
    assert started == ["download", *STAGES]


@pytest.mark.parametrize("form", ["", "{}", "file://{}"])
def test_it_is_not_started_if_nothing_does(form: str, started: list[str], tmp_path: Path) -> None:
    given = {"backbone": form.format(make_module(tmp_path / "module"))} if form else {}
    assert run([*STAGES], **given) == 0
    assert run(["download"], **given) == 0
    assert started == [*STAGES]


def test_it_is_not_started_for_what_runs_later(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "require_inputs", lambda *_: None)  # as if train had run
    assert run(["quantize", "profile"], data="beans") == 0
    assert started == ["quantize", "profile"]


def test_train_does_not_run_if_it_fails(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "download")
    assert run([*STAGES], data="beans") == 9
    assert started == ["download"]


def test_it_runs_alone(started: list[str]) -> None:
    assert run(["download"], data="beans") == 0
    assert started == ["download"]
