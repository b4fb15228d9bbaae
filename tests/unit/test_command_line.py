import subprocess
import sys

import pytest

from stages.command_line import (
    ALL,
    NOT_GIVEN,
    default_in_words,
    flag_name,
    for_stage,
    help_text,
    load,
)
from stages.errors import SettingsError
from stages.settings import PROGRAMS, Settings, env_name, specs, specs_of
from tests.commands import ROOT

# Settings that take only certain values.
CLOSED = ("data", "backbone", "runtime", "precisions", "isas", "calibration_algorithms")


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


def test_a_setting_of_another_stage_is_no_flag() -> None:
    with pytest.raises(SystemExit):
        for_stage("compare", ["--runtime", "stock"], {})


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_set_says_what_each_value_means(name: str) -> None:
    values = specs()[name].values
    assert values
    for value, meaning in values.items():
        assert meaning
        assert f"{value}: {meaning}" in help_text(name)


@pytest.mark.parametrize("name", specs())
def test_help_names_the_default_and_the_variable(name: str) -> None:
    ending = f"(default: {default_in_words(name)}; variable: {env_name(name)})"
    assert help_text(name).endswith(ending)
    assert specs()[name].help in help_text(name)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("batch_size", "8"),
        ("worker_timeout_s", "900"),
        ("batch_sizes", "1,8,32"),
        ("strict", NOT_GIVEN),
        ("isas", ALL),
        ("weight_granularities", "per_channel"),
        ("cores", NOT_GIVEN),
    ],
)
def test_a_default_is_shown_as_it_would_be_given(name: str, default: str) -> None:
    assert default_in_words(name) == default


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_needs_no_package_of_the_stage(program: str) -> None:
    # None makes an import fail, whether the package is installed or not.
    heavy = ("tensorflow", "matplotlib", "neural_compressor", "mlperf_loadgen", "openvino")
    code = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({heavy}))\n"
        f"sys.argv = ['', '--help']; runpy.run_module('stages.{program}', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for name in specs_of(program):
        assert f"\n  {flag_name(name)}" in done.stdout
        assert f"variable: {env_name(name)})" in " ".join(done.stdout.split())
