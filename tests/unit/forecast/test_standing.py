"""What a run would do, by what is there: nothing, what is current, what came from other things."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.command_line import load
from stages.common.provenance import maker
from stages.errors import PinningError
from stages.folder.handover import handing_over
from stages.forecast import turns
from stages.forecast.duration import OF_README, Duration, duration
from stages.forecast.standing import standings, this_host
from stages.profile.plan import PlannedCell
from stages.records.base import Host, Record
from stages.records.cell import Reason
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.setting.programs import STAGES
from stages.settings import Settings
from stages.stage_folders import StageFolder
from tests.unit.evidence import quantizing
from tests.unit.records import HOST, measured, profile, quantize, repeat, train

CELLS = (measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0))


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """What train, quantize and profile left by default settings."""
    made = Artifacts(tmp_path)
    settings = settings_of(made)
    leave(made.train, replace(train(), seconds={"data": 20.0, "head": 10.0}), settings, "train")
    sums = verify(made.train.path)
    small = replace(quantize(train_sha256=sums), seconds=40.0)
    leave(made.quantize("itex"), small, settings, "quantize")
    record = replace(
        profile(*CELLS),
        train_sha256=sums,
        quantize_sha256=verify(made.quantize("itex").path),
        seconds=700.0,
    )
    leave(made.profile("itex"), record, settings, "profile")
    return made


def settings_of(artifacts: Artifacts, **given: str) -> Settings:
    return load({}, {"artifacts": str(artifacts.root), "rounds": "2", **given})


def leave(folder: StageFolder, record: Any, settings: Settings, program: str) -> None:
    made: Record = replace(record, maker=maker(settings, program))
    with handing_over(folder.path) as partial:
        write_record(partial / folder.record.name, made)


def whys(artifacts: Artifacts, host: Host = HOST, **given: str) -> dict[str, str]:
    settings = settings_of(artifacts, **given)
    return {it.program: it.why for it in standings(settings, STAGES, host)}


def test_what_is_current_is_not_made_again(artifacts: Artifacts) -> None:
    nothing = "nothing is there yet"
    assert whys(artifacts) == {"train": "", "quantize": "", "profile": "", "compare": nothing}


def test_without_anything_all_runs(tmp_path: Path) -> None:
    assert {*whys(Artifacts(tmp_path / "none")).values()} == {"nothing is there yet"}


def test_a_setting_that_changed_and_what_comes_of_it(artifacts: Artifacts) -> None:
    found = whys(artifacts, epochs="7")
    assert found["train"].startswith("epochs is 7, was ")
    assert found["quantize"] == "train may come out otherwise"
    assert whys(artifacts, batch_size="4")["train"] == ""
    assert "batch_size is 4, was 8" in whys(artifacts, batch_size="4")["profile"]


def test_what_is_forced_runs(artifacts: Artifacts) -> None:
    assert whys(artifacts, force="quantize")["quantize"] == "it is forced"
    assert whys(artifacts, more="1")["profile"] == "rounds are to be added"


@pytest.mark.parametrize(
    ("kind", "why"),
    [("few_rounds", ""), ("other_classes", "what was measured is not to be trusted")],
)
def test_a_run_with_the_rounds_asked_for_is_not_measured_again_for_their_want(
    artifacts: Artifacts, kind: Any, why: str
) -> None:
    settings, folder = settings_of(artifacts), artifacts.profile("itex")
    made = read_record(folder.record, ProfileRecord)
    numbers = {"rounds": 2.0} if kind == "few_rounds" else {}
    doubt = repeat(trusted=False, reasons=[Reason(kind=kind, numbers=numbers)])
    leave(folder, replace(made, repeat=doubt), settings, "profile")
    assert whys(artifacts)["profile"] == why


def test_a_recipe_that_may_work_another_time_is_tried_again(artifacts: Artifacts) -> None:
    folder = artifacts.quantize("itex")
    made = read_record(folder.record, QuantizeRecord)
    failed = replace(quantizing.failed(), may_pass=True)
    leave(folder, replace(made, trials=[failed]), settings_of(artifacts), "quantize")
    assert whys(artifacts)["quantize"] == "trial 1 failed for what may have passed"


def test_figures_of_another_machine_are_measured_again(artifacts: Artifacts) -> None:
    found = whys(artifacts, replace(HOST, cpu_model="Another CPU", kernel="7.0"))
    assert "CPU is Another CPU, was A CPU" in found["quantize"]
    assert "kernel" in found["profile"]


def test_damage_is_said(artifacts: Artifacts) -> None:
    artifacts.train.record.write_text("{}")
    found = whys(artifacts)
    assert found["train"]
    assert found["quantize"]


def test_times_are_those_of_the_last_run_of_this_machine(artifacts: Artifacts) -> None:
    settings = settings_of(artifacts, force="train,quantize,profile")
    takes = duration(standings(settings, STAGES, HOST), HOST, settings)
    assert {name: takes.seconds[name] for name in STAGES[:3]} == {
        "train": 30.0,
        "quantize": 40.0,
        "profile": 700.0,
    }
    assert takes.in_all() == "about 13 minutes (by the last run here)"


def test_of_another_machine_times_are_readmes(artifacts: Artifacts) -> None:
    host = replace(HOST, cpu_model="Another CPU")
    settings = settings_of(artifacts, force="train")
    takes = duration(standings(settings, STAGES, host), host, settings)
    assert takes.seconds == OF_README
    assert takes.source == "by the defaults on README's machine, of two cores"


def takes_with(artifacts: Artifacts, **given: str) -> Duration:
    settings = settings_of(artifacts, **given)
    return duration(standings(settings, STAGES, HOST), HOST, settings)


def test_the_seconds_of_all_parts_are_not_those_of_a_run(artifacts: Artifacts) -> None:
    folder, settings = artifacts.profile("itex"), settings_of(artifacts)
    made = read_record(folder.record, ProfileRecord)
    parts = ["2026-11-26T17:24:05Z", "2026-11-26T17:44:05Z", "2026-11-26T18:04:05Z"]
    leave(folder, replace(made, seconds=2800.0, added_to=parts), settings, "profile")
    takes = takes_with(artifacts, force="profile")
    assert takes.of("profile") == "12 minutes"
    assert takes.source == "by the last run here, profile by the mean of its 4 parts"


@pytest.fixture
def two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two cells to time, whatever the CPU."""
    cells = [PlannedCell(name, "AVX2", None) for name in ("fp32", "int8")]
    monkeypatch.setattr(turns, "timed_cells", lambda _: cells)


@pytest.mark.usefixtures("two_cells")
def test_of_turns_as_long_as_asked_for_the_least_is_known(artifacts: Artifacts) -> None:
    takes = takes_with(artifacts, strict="true", rounds="5")
    assert takes.seconds["profile"] == 5 * 2 * 3 * 600.0
    assert takes.of("profile") == "at least 5 hours"
    assert takes.in_all().startswith("at least 5 hours (by the defaults on README's machine")
    assert takes.source.endswith("; profile by the number and length of its rounds")
    assert takes_with(artifacts, rounds="5").of("profile") == "5 minutes"


@pytest.mark.usefixtures("two_cells")
def test_the_first_round_is_taken_however_long_it_is(artifacts: Artifacts) -> None:
    takes = takes_with(artifacts, rounds="0", round_duration_s="600")
    assert takes.of("profile") == "at least 60 minutes"
    takes = takes_with(artifacts, rounds="0", round_duration_s="10")
    assert takes.of("profile") == "5 minutes"


def test_time_that_is_given_may_be_taken(artifacts: Artifacts) -> None:
    takes = takes_with(artifacts, rounds="0", time_budget="7200")
    assert takes.of("profile") == "5 to 120 minutes"
    assert takes.in_all().startswith("about 7 to 122 minutes (by the defaults")
    assert takes.of("train") == "5 s"


def test_of_other_settings_times_say_nothing(artifacts: Artifacts) -> None:
    takes = takes_with(artifacts, batch_size="4")
    assert takes.seconds["profile"] == OF_README["profile"]
    assert takes.source == "by the defaults on README's machine, of two cores"
    takes = takes_with(artifacts, no_bf16="true")
    assert takes.seconds["quantize"] == OF_README["quantize"]
    assert takes.seconds["profile"] == 700.0
    words = "by the last run here, quantize by the defaults on README's machine"
    assert takes.source == words


def test_what_is_current_takes_seconds(artifacts: Artifacts) -> None:
    settings = settings_of(artifacts)
    takes = duration(standings(settings, ["train", "quantize"], HOST), HOST, settings)
    assert takes.in_all() == "about 10 s"


def test_cores_that_are_not_there_are_refused(artifacts: Artifacts) -> None:
    with pytest.raises(PinningError, match="cores 4000 are not among those available here"):
        this_host(settings_of(artifacts, cores="4000"))
