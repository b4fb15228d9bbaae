from collections.abc import Callable

import pytest
from invoke.collection import Collection
from invoke.parser import Parser

from docker.how import How
from docker.options import stage_task
from stages.settings import specs_of

Given = dict[str, str]
Call = Callable[..., tuple[str, Given, How]]


@pytest.fixture
def call() -> Call:
    """Parse a command line of the task as invoke does, and run it."""

    def parse_and_run(program: str, *arguments: str) -> tuple[str, Given, How]:
        seen: list[tuple[str, Given, How]] = []
        task = stage_task(program, "", specs_of(program), lambda *got: seen.append(got))
        collection = Collection(task)
        (parsed,) = Parser(collection.to_contexts()).parse_argv([program, *arguments])
        task.body(None, **parsed.as_kwargs)
        return seen[0]

    return parse_and_run


def test_only_what_was_given_is_set(call: Call) -> None:
    assert call("quantize") == ("docker", {}, How())
    assert call("quantize", "--max-trials", "3", "--runner=local") == (
        "local",
        {"max_trials": "3"},
        How(),
    )


@pytest.mark.parametrize("name", ["force_bf16", "no_bf16"])
def test_a_switch_is_set_by_its_flag(name: str, call: Call) -> None:
    assert call("quantize", f"--{name.replace('_', '-')}") == ("docker", {name: "1"}, How())


def test_peers_takes_no_interpreter(call: Call) -> None:
    assert call("peers", "--batch-sizes", "1,8") == ("docker", {"batch_sizes": "1,8"}, How())


@pytest.mark.parametrize("name", ["quiet", "verbose"])
def test_how_much_is_shown_is_no_setting(name: str, call: Call) -> None:
    assert call("compare", f"--{name}") == ("docker", {}, How(**{name: True}))


def test_the_long_table_is_a_setting(call: Call) -> None:
    assert call("compare", "--long") == ("docker", {"long": "1"}, How())
