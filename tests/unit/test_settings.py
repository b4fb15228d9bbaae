from dataclasses import fields

from stages.settings import PROGRAMS, Settings, specs, specs_of


def test_every_setting_has_help_and_a_stage() -> None:
    assert set(specs()) == {each.name for each in fields(Settings)}
    assert all(spec.help and spec.programs for spec in specs().values())
    assert {program for spec in specs().values() for program in spec.programs} == set(PROGRAMS)


def test_a_stage_knows_no_setting_of_another() -> None:
    assert "runtime" in specs_of("profile")
    assert "runtime" not in specs_of("compare")
