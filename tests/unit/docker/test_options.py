from collections.abc import Callable

import pytest
from invoke.collection import Collection
from invoke.parser import Parser

from docker.options import stage_task
from stages.settings import specs_of

Given = dict[str, str]


@pytest.fixture
def call() -> Callable[..., tuple[str, Given]]:
    """Parse a command line of the task as invoke does, and run it."""

    def parse_and_run(program: str, *arguments: str) -> tuple[str, Given]:
        seen: list[tuple[str, Given]] = []
        task = stage_task(program, "", specs_of(program), lambda *got: seen.append(got))
        collection = Collection(task)
        (parsed,) = Parser(collection.to_contexts()).parse_argv([program, *arguments])
        task.body(None, **parsed.as_kwargs)
        return seen[0]

    return parse_and_run


def test_only_what_was_given_is_set(call: Callable[..., tuple[str, Given]]) -> None:
    assert call("quantize") == ("docker", {})
    assert call("quantize", "--max-trials", "3", "--runner=local") == ("local", {"max_trials": "3"})


@pytest.mark.parametrize("name", ["force_bf16", "no_bf16"])
def test_a_switch_is_set_by_its_flag(name: str, call: Callable[..., tuple[str, Given]]) -> None:
    assert call("quantize", f"--{name.replace('_', '-')}") == ("docker", {name: "1"})


def test_peers_takes_no_interpreter(call: Callable[..., tuple[str, Given]]) -> None:
    assert call("peers", "--batch-sizes", "1,8") == ("docker", {"batch_sizes": "1,8"})
