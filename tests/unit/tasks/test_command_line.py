import os
import subprocess
import sys
from pathlib import Path

import pytest

from docker.options import NO_FLAGS
from docker.share import schemas
from stages.errors import DiskFullError, EngineError, NotWritableError, SettingsError
from stages.setting.programs import PROGRAMS
from stages.settings import specs_of
from tests.commands import ROOT, Done, invoke, run

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent.sock"}


def assert_refused(done: Done, code: int, line: str) -> None:
    assert done.code == code, done
    assert len(done.error_lines) == 1, done
    assert line in done.error_lines[0]


@pytest.mark.parametrize("words", [[], ["pipeline"], ["--help"]])
def test_the_tasks_file_itself_is_no_program(words: list[str]) -> None:
    done = run(sys.executable, "tasks.py", *words)
    assert_refused(done, SettingsError.exit_code, "use `./bootstrap.py TASK`")


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_lists_the_settings_of_a_program(program: str) -> None:
    shown = invoke("--help", program).output
    for name, spec in specs_of(program).items():
        flag = f"--{name.replace('_', '-')}" + (" " if spec.is_switch else "=")
        assert (flag in shown) == (name not in NO_FLAGS)


def test_pipeline_has_no_flag_of_peers_alone() -> None:
    shown = invoke("--help", "pipeline").output
    assert "--batch-size=" in shown
    assert "--batch-sizes=" not in shown


@pytest.mark.parametrize(("task", "has"), [("pipeline", True), ("train", True), ("profile", False)])
def test_what_starts_the_download_has_its_flags(task: str, has: bool) -> None:
    assert ("--download-mirror=" in invoke("--help", task).output) == has


@pytest.mark.parametrize("flag", ["--force-bf16", "--no-bf16"])
def test_a_switch_takes_no_value(flag: str) -> None:
    done = invoke("quantize", flag, "--max-trials", "none", variables=NO_ENGINE)
    assert_refused(done, SettingsError.exit_code, "max_trials can't be 'none'")


def test_contradicting_switches_are_refused() -> None:
    done = invoke("pipeline", "--force-bf16", "--no-bf16", variables=NO_ENGINE)
    assert_refused(done, SettingsError.exit_code, "force_bf16 contradicts no_bf16")


@pytest.mark.parametrize("task", ["build", "lock", "pipeline"])
def test_an_unknown_runtime_is_refused(task: str) -> None:
    done = invoke(task, "--runtime", "other", variables=NO_ENGINE)
    assert_refused(done, SettingsError.exit_code, "runtime can't be 'other'; give itex or stock")


def test_a_bad_value_is_refused_before_anything_starts() -> None:
    done = invoke("pipeline", "--batch-size", "none", variables=NO_ENGINE)
    assert_refused(done, SettingsError.exit_code, "batch_size can't be 'none'; give a whole number")


def test_an_unknown_variable_is_refused() -> None:
    done = invoke("pipeline", variables={"VGG19_BATCHSIZE": "8", **NO_ENGINE})
    assert_refused(done, SettingsError.exit_code, "VGG19_BATCHSIZE is no setting")


@pytest.mark.parametrize("runner", ["docker", "apptainer", "local"])
def test_a_misspelt_path_for_compose_is_refused(runner: str) -> None:
    done = invoke("train", f"--runner={runner}", variables={"GIVEN_MODLE": "/mine", **NO_ENGINE})
    line = "GIVEN_MODLE is no variable (did you mean GIVEN_MODEL?); unset it"
    assert_refused(done, SettingsError.exit_code, line)


def test_an_unknown_runner_is_refused() -> None:
    done = invoke("train", "--runner", "podman")
    line = "runner can't be 'podman'; give docker or apptainer or local"
    assert_refused(done, SettingsError.exit_code, line)


def test_an_unknown_stage_is_refused() -> None:
    assert_refused(
        invoke("evaluate"), SettingsError.exit_code, "there is no task 'evaluate'; plain"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["profil"], "there is no task 'profil' (did you mean profile?)"),
        (["profile", "--rouns", "3"], "profile has no flag '--rouns' (did you mean --rounds?)"),
        (["train", "--dry-run"], "train has no flag '--dry-run', which pipeline and release have;"),
        (["train", "--xyz"], "train has no flag '--xyz'; `invoke --help train` shows all"),
        (["profile", "isas=AVX2"], "there is no task 'isas' (did you mean --isas?)"),
        (["train", "http://a:s3/cr@h/m"], "there is no task 'http://***@h/m'; plain"),
        (["--help", "trian"], "there is no task 'trian' (did you mean train?)"),
        (["profile", "--rounds"], "--rounds has no value; `invoke --help profile`"),
        (["profile", "--batch-size"], "--batch-size has no value; `invoke --help profile`"),
        (["bundle", "--output", "a", "--output", "b"], "bundle: error: --output is there twice;"),
        (["bundle", "--output=a", "--output=train"], "--output is there twice; give it once"),
        (["pipeline", "--seed", "1", "--force-bf16", "--seed", "train"], "--seed is there twice"),
        (["schema", "train", "--name", "version"], "schema: error: --name is there twice"),
        (["verify", "--bundle", "a", "--bundle", "b"], "verify: error: --bundle is there twice"),
        (["publish", "--mlflow=a.tar"], "publish: error: --mlflow takes no value; give it alone"),
        (["pipeline", "--dry-run=yes"], "pipeline: error: --dry-run takes no value;"),
        (["--echo=1", "version"], "invoke: error: --echo takes no value;"),
        (["--config", "a.yaml", "--config", "b.yaml", "version"], "--config is there twice"),
        (["verify"], "give `invoke verify BUNDLE` or `invoke verify --rebuild`"),
        (["verify", "--rebuil"], "there is no flag '--rebuil' (did you mean --rebuild?)"),
        (["verify", ""], "bundle can't be ''; give a value"),
        (
            ["--list", "--list-format", "nestd"],
            "(did you mean nested?); give flat or nested or json",
        ),
        (["--config", "/none.txt", "version"], "config names a file of no known kind; give"),
        (["pipeline", "--backbone="], "pipeline: error: --backbone can't be ''; give a value"),
        (["compare", "--with", ""], "compare: error: --with can't be ''; give a value"),
        (["compare", "--with"], "invoke: error: --with has no value; `invoke --help compare`"),
        (["test", "--only", "imges"], "did you mean images?"),
        (["pipeline", "--test-samples", "2"], "batch_size 8 exceeds the 2 test images"),
        (["train", "--train-samples", "34"], "34 training images are too few to set 32 aside"),
    ],
)
def test_a_slip_is_refused_with_what_was_most_likely_meant(arguments: list[str], line: str) -> None:
    assert_refused(invoke(*arguments, variables=NO_ENGINE), SettingsError.exit_code, line)


def test_two_tasks_may_have_the_same_flag_and_a_switch_may_be_there_twice() -> None:
    done = invoke("schema", "--name", "train", "schema", "--name=all", "--dry", "--dry", "version")
    assert done.code == 0, done


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["history", "profile", "--epochs", "1"], "profile has no flag '--epochs'"),
        (["history", "train", "--epochs", "many"], "train: error: epochs can't be 'many'"),
        (["history", "profile", "--round-duration-s=-1"], "profile: error: round_duration_s can't"),
        (["history", "--version"], "--version is invoke's own, and would do nothing behind a task"),
        (["history", "--search-root", "/x"], "--search-root is invoke's own"),
        (["history", "-d"], "-d is invoke's own"),
        (["history", "-T", "soon"], "'soon' is no whole number"),
    ],
)
def test_what_can_not_be_is_refused_before_the_first_task(arguments: list[str], line: str) -> None:
    done = invoke(*arguments, variables=NO_ENGINE)
    assert_refused(done, SettingsError.exit_code, line)


@pytest.mark.parametrize("task", ["bundle", "clean", "export", "history"])
def test_help_says_whose_artifacts_are_meant(task: str) -> None:
    shown = " ".join(invoke("--help", task).output.split())
    assert "--artifacts=STRING" in shown
    assert "(default: artifacts; variable: VGG19_ARTIFACTS)" in shown


@pytest.mark.parametrize("task", ["bundle", "clean", "history"])
def test_a_flag_says_whose_artifacts_are_meant(task: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "mine", tmp_path / "other"
    done = invoke(task, f"--artifacts={folder}", variables={"VGG19_ARTIFACTS": str(other)})
    assert str(folder) in done.output
    assert "other" not in done.output


@pytest.mark.parametrize("task", ["schema", "verify", "release", "train"])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_shown_behind_a_task_too(task: str, flag: str) -> None:
    done = invoke(task, flag)
    assert done.code == 0, done
    assert done.output == invoke("--help", task).output


@pytest.mark.parametrize("task", ["doctor", "train"])
def test_without_an_engine_it_says_how_to_get_one_for_that_task_or_to_do_without(task: str) -> None:
    done = invoke(task, variables=NO_ENGINE)
    assert_refused(done, EngineError.exit_code, f"get one with `./bootstrap.py --yes {task}`")
    assert done.output.endswith(f", or do without: `./bootstrap.py {task} --runner local`\n")


@pytest.mark.parametrize("task", [["build"], ["lock"], ["verify", "--rebuild"]])
def test_what_takes_an_engine_is_not_said_to_do_without(task: list[str]) -> None:
    done = invoke(*task, variables=NO_ENGINE)
    assert_refused(
        done, EngineError.exit_code, f"get one with `./bootstrap.py --yes {' '.join(task)}`"
    )
    assert "local" not in done.output


def test_artifacts_that_can_not_be_a_folder_are_refused() -> None:
    done = invoke("train", "--runner", "local", "--artifacts", __file__)
    assert_refused(done, NotWritableError.exit_code, "is no folder; set VGG19_ARTIFACTS")


def test_a_schema_is_printed_without_an_engine() -> None:
    done = invoke("schema", "train", variables=NO_ENGINE)
    assert done.code == 0, done
    assert done.output == schemas.text_of("train")


def test_the_schemas_are_listed() -> None:
    lines = invoke("schema", "all", variables=NO_ENGINE).output.splitlines()
    assert [line.split()[0] for line in lines] == list(schemas.titles())


def test_an_unknown_schema_is_refused_by_the_names_of_those_there_are() -> None:
    done = invoke("schema", "trian")
    assert_refused(done, SettingsError.exit_code, "known are train, quantize, measurements,")


def test_the_tasks_import_no_tensorflow_and_nothing_of_the_stages_logic() -> None:
    code = "import sys, tasks; print([m for m in sys.modules if m.startswith(('tensor', 'keras'))])"
    assert run(sys.executable, "-c", code).output.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["invoke"],
        ["invoke", "version"],
        ["invoke", "--help", "train"],
        ["invoke", "schema", "all"],
        ["stages.profile", "--help"],
        ["bootstrap", "--help"],
        ["bootstrap", "--version"],
    ],
)
def test_what_nobody_reads_ends_without_a_word(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("held_back", ["", "1"])
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["-m", "invoke"], "invoke"),
        (["-m", "invoke", "--list"], "invoke"),
        (["-m", "invoke", "version"], "invoke"),
        (["-m", "invoke", "--help", "train"], "invoke"),
        (["-m", "invoke", "schema", "all"], "schema"),
        (["-m", "docker.own_invoke", "--help"], "invoke"),
        (["-m", "docker.own_invoke", "--version"], "invoke"),
        (["-m", "stages.train", "--help"], "train"),
        (["bootstrap.py", "--help"], "bootstrap"),
        (["bootstrap.py", "--version"], "bootstrap"),
    ],
)
def test_full_output_is_said_to_be_full(arguments: list[str], name: str, held_back: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": held_back},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    line = f"{name}: error: no space left at standard output; free some, or send it elsewhere\n"
    assert (done.returncode, done.stderr) == (DiskFullError.exit_code, line)


def test_output_that_may_not_be_written_is_named() -> None:
    done = run("/bin/sh", "-c", '"$0" -m invoke version 1</dev/null', sys.executable)
    assert_refused(done, NotWritableError.exit_code, "standard output can't be written (Bad file")


@pytest.mark.parametrize("errors", ["2>/dev/full", "2>&-", "2>&1 >/dev/full"])
def test_a_refusal_that_can_not_be_shown_keeps_its_code(errors: str) -> None:
    done = run("/bin/sh", "-c", f'"$0" -m invoke nosuch {errors}', sys.executable)
    assert done.code == SettingsError.exit_code


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_task_runs_with_closed_streams(closed: str) -> None:
    done = run("/bin/sh", "-c", f'"$0" -m invoke version {closed}', sys.executable)
    assert done.code == 0
    assert "Traceback" not in done.output
