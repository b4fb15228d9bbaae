"""What bootstrap.py is asked for says whether it takes an engine."""

import pytest

import tasks
from docker.host.asked import ENGINE_TASKS, LOCAL_TASKS, Asked, or_without_engine

# Those that need no engine, or only ask one that is there.
OTHERS = "audit bundle check clean docs fuzz history lint list schema verify version"


def test_each_task_has_its_place() -> None:
    assert {*ENGINE_TASKS, *OTHERS.split()} == {*tasks.ns.tasks}
    flags = {
        name: {it.name for it in task.get_arguments()} for name, task in tasks.ns.tasks.items()
    }
    runner = {name for name, names in flags.items() if "runner" in names}
    assert runner == {*LOCAL_TASKS}


@pytest.mark.parametrize(
    ("words", "needs_engine", "runs_here"),
    [
        ("", True, False),
        ("doctor", True, False),
        ("profile --isas AVX2 compare", True, False),
        ("profile --runner local", False, True),
        ("profile --runner=local", False, True),
        ("profile compare --runner local", True, True),
        ("pipeline --help", False, False),
        ("--help pipeline", False, False),
        ("verify it.tar", False, False),
        ("verify --rebuild", True, False),
        ("bundle", False, False),
        ("--list", False, False),
        ("trian", False, False),
        ("test", True, True),
        ("test --only unit", False, True),
        ("check", False, True),
        ("pipeline --dry-run", False, False),
        ("train pipeline --dry-run", True, False),
    ],
)
def test_it_needs_an_engine_only_for_what_takes_one(
    words: str, needs_engine: bool, runs_here: bool
) -> None:
    asked = Asked(tuple(words.split()))
    assert (asked.needs_engine, asked.runs_here) == (needs_engine, runs_here)


@pytest.mark.parametrize(
    ("words", "runs_here"), [("", True), ("pipeline", True), ("verify it.tar", False)]
)
def test_who_wants_no_engine_gets_none(words: str, runs_here: bool) -> None:
    asked = Asked(tuple(words.split()), engine=False)
    assert (asked.needs_engine, asked.runs_here) == (False, runs_here)


def test_the_task_is_the_first_that_needs_an_engine() -> None:
    assert Asked(("version", "doctor", "pipeline")).task == "doctor"
    assert Asked(("verify", "--rebuild")).task == "verify --rebuild"
    assert Asked().task == "pipeline"


def test_only_what_runs_without_an_engine_is_said_to() -> None:
    assert or_without_engine("doctor") == ", or do without: `./bootstrap.py doctor --runner local`"
    assert or_without_engine("release 1.2.3") == ""
