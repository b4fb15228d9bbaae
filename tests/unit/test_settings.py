from dataclasses import fields

import pytest

from stages.errors import SettingsError
from stages.settings import Settings, env_name, for_stage, load, specs


def test_defaults_are_valid() -> None:
    assert load({}).batch_size == 8


def test_a_variable_sets_and_the_command_line_wins() -> None:
    environ = {"VGG19_BATCH_SIZE": "4", "VGG19_ISAS": "AVX2, AVX512_CORE"}
    assert load(environ).isas == ("AVX2", "AVX512_CORE")
    assert for_stage("profile", ["--batch-size", "2"], environ).batch_size == 2


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"VGG19_BATCH_SIZE": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("batch_size", "0", "1 or more"),
        ("batch_size", "eight", "whole number"),
        ("isas", "AVX512_VNNI", "AVX512_CORE_VNNI"),
        ("isas", ",", "AVX2"),
        ("precisions", "int4", "int8"),
        ("data", "cats", "beans"),
        ("backbone", "resnet", "imagenet"),
        ("tolerable_loss", "0", "between 0 and 1"),
        ("tolerable_loss", "2", "between 0 and 1"),
        ("min_duration_s", "-1", "0.1 or more"),
        ("min_duration_s", "nan", "0.1 or more"),
        ("learning_rate", "inf", "1e-06 or more"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(name: str, text: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({env_name(name): text})
    message = str(caught.value)
    assert name in message
    assert text in message
    assert remedy in message
    assert "\n" not in message


def test_a_misspelt_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="VGG19_BATCHSIZE"):
        load({"VGG19_BATCHSIZE": "4"})


def test_every_setting_has_help_and_a_stage() -> None:
    assert set(specs()) == {each.name for each in fields(Settings)}
    assert all(spec.help and spec.programs for spec in specs().values())


def test_help_names_the_default_and_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        for_stage("quantize", ["--help"], {})
    assert caught.value.code == 0
    assert "VGG19_TOLERABLE_LOSS" in capsys.readouterr().out
