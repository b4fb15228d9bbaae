from dataclasses import fields

from stages import __version__
from stages.settings import PROGRAMS, Settings, maker, specs, specs_of


def test_every_setting_has_help_and_a_stage() -> None:
    assert set(specs()) == {field.name for field in fields(Settings)}
    assert all(spec.help and spec.programs for spec in specs().values())
    assert {program for spec in specs().values() for program in spec.programs} == set(PROGRAMS)


def test_a_stage_knows_no_setting_of_another() -> None:
    assert "runtime" in specs_of("profile")
    assert "runtime" not in specs_of("compare")


def test_a_record_says_which_version_and_image_made_it_by_which_settings() -> None:
    found = maker(Settings(image="sha256:1", epochs=7), "train")
    assert (found.version, found.image) == (__version__, "sha256:1")
    assert found.settings["epochs"] == "7"
    assert "image" not in found.settings
