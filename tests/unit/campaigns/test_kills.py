"""A 0 in the table means something only if each fault would be counted: a stand-in has each."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaigns import containers, kills
from tests.campaigns.kills import CLOSED, KINDS, SIGNALS, Kill
from tests.campaigns.product import DOCKER, LOCAL
from tests.campaigns.tries import FILES, LOST, RUNNING, TRACEBACK, UNCLEAR, WRONG, Options
from tests.unit.campaigns.conftest import Tried, fake_invoke, started_and_ready

FAULTS = {
    "leaves a process": RUNNING,
    "holds a lock": RUNNING,
    "goes on": RUNNING,
    "prints a traceback": TRACEBACK,
    "loses a file": LOST,
    "loses a folder": LOST,
    "puts a folder aside": LOST,  # for the next command does not put it back
    "mixes old and new": LOST,
    "changes another stage": LOST,
    "leaves a folder": FILES,
    "compares wrongly": WRONG,
    "catches nothing": UNCLEAR,
    "refuses without a word": UNCLEAR,
    "refuses without a known code": UNCLEAR,
}


@pytest.fixture
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, artifacts: Path) -> str:
    """The way in which the stand-in goes wrong; it is ended as soon as it is ready."""
    name: str = request.param
    monkeypatch.setattr(kills, "invoke", fake_invoke(name))
    monkeypatch.setattr(kills, "started", started_and_ready)
    monkeypatch.setattr(kills, "durations", lambda *_: {"train": 0.0})
    monkeypatch.setattr(kills, "STARTING_S", 0.0)
    if FAULTS.get(name) == RUNNING:  # all others end at once, however busy this machine is
        monkeypatch.setattr(kills, "CAUGHT_S", 0.5)
    return name


@pytest.mark.parametrize("way", FAULTS, indirect=True)
def test_each_fault_is_counted(way: str, tried: Tried) -> None:
    made = tried(Kill("SIGTERM", LOCAL, "train", 0.0, 1.0))
    assert not made.skipped
    assert FAULTS[way] in made.faults, made


@pytest.mark.parametrize("kind", [*(name for name in SIGNALS if name != "SIGKILL"), CLOSED])
@pytest.mark.parametrize("way", ["is well", "refuses"], indirect=True)
def test_a_run_that_ends_as_it_must_has_none(way: str, kind: str, tried: Tried) -> None:
    made = tried(Kill(kind, LOCAL, "train", 0.0, 1.0))
    assert (made.verdict, made.faults) == ("well", {})


@pytest.mark.parametrize("way", ["leaves a process"], indirect=True)
def test_what_a_kill_by_the_kernel_leaves_running_is_counted(
    way: str, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "KILLED_S", 0.5)
    made = tried(Kill("SIGKILL", LOCAL, "train", 0.0, 1.0))
    assert [*made.faults] == [RUNNING]


@pytest.mark.parametrize("way", ["ends at once"], indirect=True)
def test_a_run_that_was_over_before_is_no_try(way: str, tried: Tried) -> None:
    made = tried(Kill("SIGTERM", LOCAL, "train", 0.0, 1.0))
    assert "always ended before" in made.skipped


def test_an_orphan_container_must_be_named_by_the_next_command(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ["vgg19-train-1"]
    monkeypatch.setattr(containers, "of_folder", lambda root: list(there))
    monkeypatch.setattr(containers, "remove", lambda names: there.clear())
    monkeypatch.setattr(kills, "KILLED_S", 0.1)
    monkeypatch.setattr(kills, "SHARED_LOCKS", ())
    monkeypatch.setattr(kills, "started", started_and_ready)
    monkeypatch.setattr(kills, "durations", lambda *_: {"train": 0.0})
    monkeypatch.setattr(kills, "invoke", fake_invoke("refuses"))
    made = tried(Kill("SIGKILL", DOCKER, "train", 0.0, 1.0))
    assert made.faults == {RUNNING: "vgg19-train-1, and the next command does not name it"}


def test_every_kind_hits_every_stage_by_both_runners(options: Options) -> None:
    cases = kills.cases(replace(options, runners=(LOCAL, DOCKER)))
    planned = [case.run for case in cases if isinstance(case.run, Kill)]
    assert Counter(kill.kind for kill in planned) == dict.fromkeys(KINDS, 20)
    places = {(kill.kind, kill.runner, kill.stage) for kill in planned}
    assert len(places) == (2 * len(KINDS) - 1) * 4
