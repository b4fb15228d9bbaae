import re
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
from stages.setting.programs import PROGRAMS
from stages.settings import Settings, env_name, specs, specs_of
from tests.commands import ROOT

# Settings that take only certain values.
CLOSED = ("data", "backbone", "runtime", "precisions", "isas", "calibration_algorithms")


def test_defaults_are_valid() -> None:
    assert load({}).batch_size == 8


def test_a_variable_sets_and_the_command_line_wins() -> None:
    environ = {"VGG19_BATCH_SIZE": "4", "VGG19_ISAS": "AVX2, AVX512_CORE"}
    assert load(environ).isas == ("AVX2", "AVX512_CORE")
    assert for_stage("profile", ["--batch-size", "2"], environ).batch_size == 2


@pytest.mark.parametrize("name", ["precisions", "isas", "batch_sizes", "layouts", "latency_bounds"])
def test_a_list_in_another_order_is_the_same_setting(name: str) -> None:
    given = {"precisions": ("int8", "fp32"), "isas": ("AVX512_CORE", "AVX2")}.get(name, ("8", "1"))
    one, other = (load({env_name(name): ",".join(it)}) for it in (given, given[::-1]))
    assert getattr(one, name) == getattr(other, name)


def test_a_list_that_says_what_is_tried_first_keeps_its_order() -> None:
    given = load({"VGG19_CALIBRATION_ALGORITHMS": "kl,minmax"}).calibration_algorithms
    assert given == ("kl", "minmax")


def test_no_number_is_taken_that_its_own_record_could_not_hold() -> None:
    numbers = [name for name, spec in specs().items() if spec.allowed.startswith("a number")]
    assert {"precision_goal", "tolerable_loss", "time_budget"} <= {*numbers}
    for name in numbers:
        with pytest.raises(SettingsError, match=name):
            load({env_name(name): "1e-101"})


def test_what_a_zero_switches_off_is_switched_off() -> None:
    assert load({"VGG19_SERVER_LATENCY_MS": "0"}).server_latency_ms == 0
    assert load({"VGG19_SERVER_LATENCY_MS": "0.001"}).server_latency_ms == 0.001


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"VGG19_BATCH_SIZE": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("batch_size", "0", "from 1 to 4096"),
        ("batch_size", "eight", "whole number"),
        ("isas", "AVX512_VNNI", "AVX512_CORE_VNNI"),
        ("isas", ",", "AVX2"),
        ("precisions", "int4", "int8"),
        ("data", "Cats", "beans"),
        ("backbone", "resnet", "imagenet"),
        ("tolerable_loss", "0", "between 0 and 1"),
        ("tolerable_loss", "2", "between 0 and 1"),
        ("tolerable_loss", "1e-200", "at least 0.000000001"),
        ("precision_goal", "1e-200", "at least 0.0001"),
        ("server_latency_ms", "1e-200", "that is 0, or from 0.001 to 3600000"),
        ("round_duration_s", "-1", "from 0.1 to 86400"),
        ("round_duration_s", "nan", "from 0.1 to 86400"),
        ("learning_rate", "inf", "from 0.000001 to 10"),
        ("runtime", "tf", "itex or stock"),
        ("runtime", "itex,stock", "itex or stock"),
        ("batch_sizes", "0,8", "each from 1 to 4096"),
        ("batch_sizes", "8,many", "comma list of whole numbers"),
        ("batch_sizes", ",", "each from 1 to 4096"),
        ("batch_sizes", "-1", "each from 1 to 4096"),
        ("layouts", "0", "each from 1 to 8192"),
        ("layouts", "auto", "comma list of whole numbers"),
        ("latency_bounds", "0", "each from 1 to 3600000"),
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


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("learning_rate", "1e300", "diverges"),
        ("round_duration_s", "1e300", "a turn of a day"),
        ("batch_size", "1e2", "a whole number"),
        ("batch_size", "+5", "a whole number"),
        ("batch_size", "1_000", "a whole number"),
        ("batch_size", "\uff11", "a whole number"),  # a full-width digit, which int() reads
        ("batch_size", "9" * 5000, "it has 5000 characters"),
        ("batch_size", "9" * 500, "a whole number"),
        ("batch_size", " ", "it is empty"),
        ("seed", "8\n9", "can't be shown"),
        ("artifacts", "a\0b", "can't be shown"),
        ("artifacts", "\udce9", "no UTF-8"),
        ("artifacts", "a/" + "b" * 256, "more than 255 bytes"),
        ("image", "x" * 10**6, "1000000 characters"),
        ("num_instances", "\u00b2", "auto, or a whole number"),
        ("num_instances", "9999", "Linux has no more CPUs"),
        ("cores", "0,0", "0 is there twice"),
        ("cores", "0-3,2", "2 is there twice"),
        ("cores", "3-1", "3-1 runs backwards"),
        ("cores", "0-99999999999", "a list such as 0-3,8"),
        ("cores", "0-99999", "Linux numbers its CPUs up to 8191"),
        ("cores", "0-", "a list such as 0-3,8"),
        ("isas", "AVX2,AVX2", "AVX2 is there twice"),
        ("isas", "AVX2,,AVX512_CORE", "a part of the list is empty"),
        ("batch_sizes", "8, 8", "8 is there twice"),
        ("layouts", "2,2", "2 is there twice"),
        ("isas", "AVX3", "did you mean AVX2?"),
        ("isas", "avx512", "did you mean AVX512_CORE?"),
        ("isas", "AMX", "did you mean AVX512_CORE_AMX?"),
        ("precisions", "int9", "did you mean int8?"),
        ("data", "imbedded", "did you mean embedded?"),
        ("backbone", "imagnet", "did you mean imagenet?"),
    ],
)
def test_a_refusal_says_why_in_one_short_line(name: str, text: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, {name: text})
    message = str(caught.value)
    assert message.startswith(f"{name} can't be '")
    assert reason in message
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("name", specs())
def test_no_option_may_be_empty(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} can't be '' .it is empty"):
        load({}, {name: ""})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("isas", "avx512_core_amx,Avx2", ("AVX2", "AVX512_CORE_AMX")),
        ("precisions", "FP32", ("fp32",)),
        ("backbone", "Embedded", "embedded"),
        ("num_instances", "AUTO", "auto"),
        ("learning_rate", "1e-3", 0.001),
        ("batch_size", " 8 ", 8),
    ],
)
def test_case_and_blanks_do_not_matter(name: str, text: str, value: object) -> None:
    assert getattr(load({}, {name: text}), name) == value


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["--rouns", "3"], "'--rouns' (did you mean --rounds?)"),
        (["--isa=AVX2"], "'--isa' (did you mean --isas?)"),
        (["isas=AVX2"], "'isas' (did you mean --isas?)"),
        (["--\x1b[31m"], r"'--\x1b[31m'; `python -m stages.profile --help`"),
        (["--rounds", "3", "--rounds=4"], "--rounds is there twice; give it once"),
        (["--rounds"], "expected one argument; `python -m stages.profile --help`"),
    ],
)
def test_a_misspelt_flag_is_refused_with_the_nearest_one(argv: list[str], hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        for_stage("profile", argv, {})
    assert hint in str(caught.value)


@pytest.mark.parametrize("variable", ["VGG19_ROUND", "vgg19_rounds"])
def test_a_misspelt_variable_is_refused_with_the_nearest_one(variable: str) -> None:
    with pytest.raises(SettingsError, match=rf"{variable} is no setting .did you mean VGG19_ROUND"):
        load({variable: "3"})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        *(("VGG_19_ROUNDS", "ROUNDS"), ("VGG19ROUNDS", "ROUNDS"), ("VGG19-ROUNDS", "ROUNDS")),
        *(("VG19_ROUNDS", "ROUNDS"), ("VGGG19_ROUNDS", "ROUNDS"), ("vgg_19_isas", "ISAS")),
        *(("VGG91_BATCHSIZE", "BATCH_SIZE"), ("VGG_19_ROUND", "ROUNDS")),
        *(("VVG19_ARTIFACTS", "ARTIFACTS"), ("VVGG19_ISAS", "ISAS"), ("GG19_ROUNDS", "ROUNDS")),
        *(("VGG119_ROUNDS", "ROUNDS"), ("VGG199_ROUNDS", "ROUNDS"), ("vvg_19-isas", "ISAS")),
    ],
)
def test_a_misspelt_prefix_is_refused_with_what_was_meant(variable: str, meant: str) -> None:
    line = f"{variable} is no setting (did you mean VGG19_{meant}?); unset it"
    with pytest.raises(SettingsError, match=re.escape(line)):
        load({variable: "3"})


@pytest.mark.parametrize("variable", ["VGG_ROUNDS", "VGG16_ROUNDS", "VGG_19_HOME", "XVGG_19_ISAS"])
def test_variables_of_other_programs_are_left_alone(variable: str) -> None:
    assert load({variable: "x"}) == Settings()


@pytest.mark.parametrize("text", ["1", "true", "True"])
def test_a_switch_is_set_by_a_variable(text: str) -> None:
    assert load({"VGG19_FORCE_BF16": text}).force_bf16
    assert not load({}).force_bf16
    assert not load({"VGG19_FORCE_BF16": "0"}).force_bf16


def test_a_switch_takes_no_value_on_the_command_line() -> None:
    assert for_stage("quantize", ["--no-bf16"], {}).no_bf16
    with pytest.raises(SettingsError, match="quantize has no flag '1'"):
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


def test_an_address_without_its_flag_is_shown_without_its_password() -> None:
    with pytest.raises(SettingsError, match=r"train has no flag 'http://\*\*\*@h/m'"):
        for_stage("train", ["http://a:s3/cr@h/m"], {})


def test_a_setting_of_another_stage_is_no_flag() -> None:
    with pytest.raises(SettingsError, match="compare has no flag '--runtime'"):
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
        ("batch_sizes", NOT_GIVEN),
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
    heavy = ("tensorflow", "matplotlib", "neural_compressor", "mlperf_loadgen", "openvino", "scipy")
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


@pytest.mark.parametrize("handle", ["gs://bucket/m", "s3://me:secret@bucket/m", "file://other/a"])
def test_an_address_that_nothing_fetches_is_refused_before_anything_starts(handle: str) -> None:
    with pytest.raises(SettingsError, match="an address of a kind that is not supported") as error:
        load({}, {"backbone": handle})
    assert "secret" not in str(error.value)
