"""A flag behind the last of several tasks, which people mean for all of them."""

import pytest
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from docker.flags import of_one_task_alone, spelled_out


def task(name: str, **given: str) -> ParserContext:
    """Return a task with the flags --runner and --batch-size, some of them given."""
    arguments = [Argument(names=("runner",)), Argument(names=("batch_size", "batch-size"))]
    if name == "train":
        arguments = arguments[:1]
    for argument in arguments:
        if argument.name in given:
            argument.value = given[argument.name]
    return ParserContext(name, args=arguments)


def test_a_flag_of_the_last_task_alone_is_said() -> None:
    tasks = [task("train"), task("quantize"), task("compare", batch_size="8")]
    (note,) = of_one_task_alone(tasks)
    assert note.startswith("compare: note: --batch-size is for compare alone, behind which it")
    assert "not for quantize;" in note


def test_tasks_that_would_work_in_two_places_are_refused() -> None:
    tasks = [task("train"), task("quantize"), task("compare", runner="local")]
    with pytest.raises(Exit, match=r"--runner is for compare alone.*not for train and quantize"):
        of_one_task_alone(tasks)


def test_a_flag_that_the_earlier_do_not_have_is_no_slip() -> None:
    assert of_one_task_alone([task("train"), task("quantize", batch_size="8")]) == []
    (note,) = of_one_task_alone([task("quantize"), task("compare", batch_size="8")])
    assert "--batch-size is for compare alone" in note


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        [task("compare", runner="local")],
        [task("train", runner="local"), task("compare")],
        [task("train", runner="docker"), task("compare", runner="local")],
    ],
)
def test_what_was_meant_is_not_spoken_of(tasks: list[ParserContext]) -> None:
    assert of_one_task_alone(tasks) == []


def several() -> ParserContext:
    """Return a task that takes several machines, a file of prices and a switch."""
    arguments = [Argument(names=("machines",), kind=list), Argument(names=("prices",))]
    return ParserContext("diff", args=[*arguments, Argument(names=("quick",), kind=bool)])


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("diff a b", "diff --machines a --machines b"),
        ("diff a --prices p b", "diff --machines a --prices p --machines b"),
        ("diff --prices=p a", "diff --prices=p --machines a"),
        ("diff --quick a", "diff --quick --machines a"),
        ("diff --machines a b", "diff --machines a --machines b"),
        ("train --runner local diff train", "train --runner local diff --machines train"),
        ("diff a --help", "diff --machines a --help"),
        ("diff a -- b c", "diff --machines a -- b c"),
        ("train a", "train a"),
    ],
)
def test_the_words_behind_a_task_that_takes_several_have_its_flag(line: str, spelled: str) -> None:
    contexts = {"diff": several(), "train": task("train")}
    assert spelled_out(line.split(), contexts) == spelled.split()
