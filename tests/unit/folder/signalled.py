"""A process that gets a signal at a chosen one of its calls that change the file system."""

import os
import signal
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any


def signal_at(names: Sequence[str], due: Callable[[int], bool], number: signal.Signals) -> None:
    """Let this process send itself a signal before the calls of `os` that are `due`.

    All calls of functions with these names are counted together, from 1.
    """
    calls = count(1)

    def signalling(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            if due(next(calls)):
                os.kill(os.getpid(), number)
            return call(*arguments, **options)

        return run

    for name in names:
        setattr(os, name, signalling(getattr(os, name)))


def die_at(names: Sequence[str], number: int) -> None:
    """Let this process kill itself before the call `number` of those that are counted."""
    signal_at(names, number.__eq__, signal.SIGKILL)
