from dataclasses import fields

from stages.setting.programs import PROGRAMS
from stages.settings import Settings, recorded_settings, specs, specs_of


def test_every_setting_has_help_and_a_stage() -> None:
    assert set(specs()) == {field.name for field in fields(Settings)}
    assert all(spec.help and spec.programs for spec in specs().values())
    assert {program for spec in specs().values() for program in spec.programs} == set(PROGRAMS)


def test_a_stage_knows_no_setting_of_another() -> None:
    assert "runtime" in specs_of("profile")
    assert "runtime" not in specs_of("compare")


def test_settings_are_recorded_as_what_they_are() -> None:
    settings = Settings(rounds=7, strict=True, isas=("AVX2",), round_duration_s=1.0)
    found = recorded_settings(settings, "profile")
    assert (found["rounds"], found["strict"], found["isas"]) == (7, True, ["AVX2"])
    assert (found["round_duration_s"], found["num_instances"]) == (1.0, 1)
    assert recorded_settings(Settings(num_instances="auto"), "profile")["num_instances"] == "auto"


def test_a_secret_in_a_setting_is_not_recorded() -> None:
    settings = Settings(backbone="https://me:secret@h/m?key=hidden")
    assert recorded_settings(settings, "train")["backbone"] == "https://***@h/m?***"


def test_what_changes_no_outcome_is_not_recorded() -> None:
    recorded = {name for program in PROGRAMS for name in recorded_settings(Settings(), program)}
    assert set(specs()) - recorded == {
        *("artifacts", "cores", "emulator", "force", "history", "image", "itex_python", "locks"),
        *("download_mirror", "long", "more", "worker_timeout_s"),
    }
