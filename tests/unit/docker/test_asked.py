"""What bootstrap.py is asked for says whether it takes an engine."""

import pytest
from invoke.program import Program

import tasks
from docker.host.asked import (
    ASKING,
    LOCAL_TASKS,
    RUNNERS,
    SWITCHES,
    TASKS,
    WITH_WORD,
    Asked,
    or_without_engine,
    refuse_slips,
)
from docker.runners import RUNNERS as ALL_RUNNERS
from stages.errors import SettingsError


def test_each_task_has_its_place() -> None:
    assert sorted(TASKS) == sorted(tasks.ns.tasks)
    assert [*ALL_RUNNERS] == [*RUNNERS]
    flags = {
        name: {it.name for it in task.get_arguments()} for name, task in tasks.ns.tasks.items()
    }
    runner = {name for name, names in flags.items() if "runner" in names}
    assert runner == {*LOCAL_TASKS}
    words = {
        name
        for name, task in tasks.ns.tasks.items()
        if any(it.positional for it in task.get_arguments())
    }
    assert words == {*WITH_WORD}
    assert {name for name, names in flags.items() if "yes" in names} == {ASKING}


def test_each_flag_without_a_value_is_known() -> None:
    of_tasks = [it for task in tasks.ns.tasks.values() for it in task.get_arguments()]
    of_invoke = [*Program().core_args(), *Program().task_args()]
    every = [*of_tasks, *of_invoke]
    names = {_flag(name) for it in every if not it.takes_value for name in it.names}
    assert names | {"--help", "-h"} == SWITCHES


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}" if len(name) > 1 else f"-{name}"


@pytest.mark.parametrize(
    ("words", "needs_engine", "runs_here"),
    [
        ("", True, False),
        ("doctor", True, False),
        ("profile --isas AVX2 compare", True, False),
        ("profile --runner local", False, True),
        ("profile --runner=local", False, True),
        ("profile compare --runner local", True, True),
        ("profile --runner apptainer", False, False),
        ("doctor --runner=apptainer profile --runner=local", False, True),
        ("doctor --runner apptainer profile", True, False),
        ("pipeline --help", False, False),
        ("--help pipeline", False, False),
        ("verify it.tar", False, False),
        ("verify --rebuild", True, False),
        ("bundle", False, False),
        ("--list", False, False),
        ("trian", False, False),
        ("test", True, True),
        ("test --only unit", False, True),
        ("test --only slurm", False, True),
        ("schema train", False, False),
        ("verify profile", False, False),
        ("diff pipeline test", False, False),
        ("publish --mlflow pipeline test", False, False),
        ("publish --parquet train", False, False),
        ("bundle --output test", False, False),
        ("history --artifacts pipeline", False, False),
        ("pipeline --runner local --force profile", False, True),
        ("compare --force train --runner local", False, True),
        ("profile --more compare --runner local", True, True),
        ("check", False, True),
        ("pipeline --dry-run", False, False),
        ("train pipeline --dry-run", True, False),
        ("pipeline --host ssh://me@vm", False, False),
        ("doctor pipeline --host=ssh://me@vm", True, False),
    ],
)
def test_it_needs_an_engine_only_for_what_takes_one(
    words: str, needs_engine: bool, runs_here: bool
) -> None:
    asked = Asked(tuple(words.split()))
    assert (asked.needs_engine, asked.runs_here) == (needs_engine, runs_here)


@pytest.mark.parametrize(
    ("words", "makes_images"),
    [
        ("pipeline", True),
        ("pipeline --host ssh://me@vm", True),
        ("pipeline --runner local", False),
        ("pipeline --runner apptainer", False),
        ("pipeline --host ssh://me@vm --help", False),
    ],
)
def test_images_are_made_on_another_machines_engine_too(words: str, makes_images: bool) -> None:
    assert Asked(tuple(words.split())).makes_images == makes_images


@pytest.mark.parametrize(
    ("words", "starts_slurm"),
    [
        ("test", True),
        ("lint test --only slurm", True),
        ("test --only unit", False),
        ("test --help", False),
        ("pipeline", False),
    ],
)
def test_a_cluster_is_started_by_its_own_tests_alone(words: str, starts_slurm: bool) -> None:
    assert Asked(tuple(words.split())).starts_slurm == starts_slurm


@pytest.mark.parametrize(
    ("words", "starts_sshd"),
    [("test", True), ("test --only=remote", True), ("test --only slurm", False), ("lint", False)],
)
def test_so_is_what_is_reached_by_ssh(words: str, starts_sshd: bool) -> None:
    assert Asked(tuple(words.split())).starts_sshd == starts_sshd


@pytest.mark.parametrize(
    ("words", "runs_here"),
    [
        ("", True),
        ("pipeline", True),
        ("pipeline --runner apptainer", False),
        ("verify it.tar", False),
    ],
)
def test_who_wants_no_engine_gets_none(words: str, runs_here: bool) -> None:
    asked = Asked(tuple(words.split()), engine=False)
    assert (asked.needs_engine, asked.runs_here) == (False, runs_here)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("profil", "there is no task 'profil' (did you mean profile?)"),
        ("profil --runner local", "there is no task 'profil'"),
        ("doctor profil", "there is no task 'profil'"),
        ("doctor --isas AVX2 profil", "there is no task 'profil'"),
        ("profile --more compar", "there is no task 'compar' (did you mean compare?)"),
        ("schema train profil", "there is no task 'profil'"),
        ("pipeline --yes", "--yes comes before the tasks: `./bootstrap.py --yes pipeline ...`"),
        ("--help profil", "there is no task 'profil'"),
        ("http://me:s3/cr@h/m", "there is no task 'http://***@h/m'"),
        ("pipeline --runner Local", "runner can't be 'Local' (did you mean local?)"),
        ("pipeline --runner=podman", "runner can't be 'podman'; give docker or apptainer or local"),
    ],
)
def test_a_slip_is_refused_before_anything_is_installed(words: str, line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_slips(words.split())
    assert line in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        *("", "doctor pipeline", "profile --isas AVX2 compare", "verify it.tar", "--list"),
        *("bundle --output a.tar verify a.tar", "release 1.2.3 --dry-run", "schema train version"),
        *("diff artifacts mine=b.tar", "compare diff a b --output ."),
        *("compare publish --mlflow", "publish --parquet a.parquet a.tar b.tar"),
        *("--collection tasks doctor", "profile --more compare", "pipeline -- x", "--help verify"),
        *("verify --rebuild it.tar", "clean --yes", "doctor clean --yes"),
    ],
)
def test_what_may_be_meant_is_left_to_invoke(words: str) -> None:
    refuse_slips(words.split())


def test_the_task_is_the_first_that_needs_an_engine() -> None:
    assert Asked(("version", "doctor", "pipeline")).task == "doctor"
    assert Asked(("verify", "--rebuild")).task == "verify --rebuild"
    assert Asked().task == "pipeline"


def test_only_what_runs_without_an_engine_is_said_to() -> None:
    assert or_without_engine("doctor") == ", or do without: `./bootstrap.py doctor --runner local`"
    assert or_without_engine("release 1.2.3") == ""
