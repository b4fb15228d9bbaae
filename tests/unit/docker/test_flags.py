"""A flag behind the last of several tasks, which people mean for all of them."""

import pytest
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from docker.flags import of_one_task_alone


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
    tasks = [task("train"), task("quantize"), task("compare", runner="local")]
    (note,) = of_one_task_alone(tasks)
    assert note.startswith("compare: note: --runner is for compare alone, behind which it stands")
    assert "not for train and quantize;" in note


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
