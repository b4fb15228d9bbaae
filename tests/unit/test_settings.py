from dataclasses import fields

import pytest

from stages import __version__
from stages.errors import SettingsError
from stages.settings import (
    PROGRAMS,
    Settings,
    env_name,
    for_stage,
    load,
    maker,
    specs,
    specs_of,
)


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
        ("round_duration_s", "-1", "0.1 or more"),
        ("round_duration_s", "nan", "0.1 or more"),
        ("learning_rate", "inf", "1e-06 or more"),
        ("runtime", "tf", "itex or stock"),
        ("runtime", "itex,stock", "itex or stock"),
        ("batch_sizes", "8,0", "each 1 or more"),
        ("batch_sizes", "8,many", "comma list of whole numbers"),
        ("batch_sizes", ",", "each 1 or more"),
        ("force_bf16", "yes", "1 or 0"),
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


def test_sizes_are_read_in_the_order_given() -> None:
    assert load({"VGG19_BATCH_SIZES": "32, 1"}).batch_sizes == (32, 1)


@pytest.mark.parametrize("text", ["1", "true", "True"])
def test_a_switch_is_set_by_a_variable(text: str) -> None:
    assert load({"VGG19_FORCE_BF16": text}).force_bf16
    assert not load({}).force_bf16
    assert not load({"VGG19_FORCE_BF16": "0"}).force_bf16


def test_a_switch_takes_no_value_on_the_command_line() -> None:
    assert for_stage("quantize", ["--no-bf16"], {}).no_bf16
    with pytest.raises(SystemExit):
        for_stage("quantize", ["--no-bf16", "1"], {})


def test_bf16_can_not_be_both_forced_and_left_out() -> None:
    with pytest.raises(SettingsError, match="force_bf16 contradicts no_bf16"):
        for_stage("quantize", ["--no-bf16", "--force-bf16"], {})


@pytest.mark.parametrize("name", ["FORCE_BF16", "MIX_PRECISION_TEST"])
def test_the_old_switches_still_force_bf16_and_say_what_to_write(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert for_stage("quantize", [], {name: "1"}).force_bf16
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{name}=1 now means VGG19_FORCE_BF16=1")


@pytest.mark.parametrize(
    ("stage", "environ"), [("quantize", {"FORCE_BF16": "0"}), ("profile", {"FORCE_BF16": "1"})]
)
def test_an_old_switch_means_nothing_where_it_is_off_or_not_read(
    stage: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not for_stage(stage, [], environ).force_bf16
    assert capsys.readouterr().err == ""


def test_a_misspelt_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="VGG19_BATCHSIZE"):
        load({"VGG19_BATCHSIZE": "4"})


def test_every_setting_has_help_and_a_stage() -> None:
    assert set(specs()) == {each.name for each in fields(Settings)}
    assert all(spec.help and spec.programs for spec in specs().values())


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_has_help(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        for_stage(program, ["--help"], {})
    shown = capsys.readouterr().out
    assert all(env_name(name) in shown for name in specs_of(program))


def test_a_stage_knows_no_setting_of_another() -> None:
    assert "runtime" in specs_of("profile")
    assert "runtime" not in specs_of("compare")
    with pytest.raises(SystemExit):
        for_stage("compare", ["--runtime", "stock"], {})


def test_a_record_says_which_version_and_image_made_it_by_which_settings() -> None:
    found = maker(Settings(image="sha256:1", epochs=7), "train")
    assert (found.version, found.image) == (__version__, "sha256:1")
    assert found.settings["epochs"] == "7"
    assert "image" not in found.settings


def test_help_names_the_default_and_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        for_stage("quantize", ["--help"], {})
    assert caught.value.code == 0
    assert "VGG19_TOLERABLE_LOSS" in capsys.readouterr().out
