"""Calls of a model of the user's: such a one may never end, and print what steers a terminal."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import ExitStack
from typing import NoReturn, TypeVar

from stages.errors import ModelError
from stages.program import streams
from stages.train.foreign_output import cleaned_output, speak_past

# Seconds. A batch of the largest networks takes one core a minute.
LIMIT_S = 600.0
Answer = TypeVar("Answer")
# What has to stay as it is while calls that were given up go on, in threads that nothing can end.
_given_up: list[ExitStack] = []


def limited(call: Callable[[], Answer], what: str) -> Answer:
    """Return what a call of a model returns; what it prints is cleaned.

    Raises what the call does, and ModelError, which begins with `what`, if it takes longer than
    LIMIT_S. The program is then to be ended by `leave`, as the call goes on.
    """
    future: Future[Answer] = Future()
    with ExitStack() as stack:
        originals = stack.enter_context(cleaned_output())
        threading.Thread(target=_run, args=(call, future), daemon=True).start()
        try:
            return future.result(LIMIT_S)
        except WaitedTooLong:
            if future.done():  # it is the call's own
                raise
            raise ModelError(
                f"{what} within {LIMIT_S / 60:.0f} minutes; give one that comes to an end"
            ) from None
        finally:
            if not future.done():
                _given_up.append(stack.pop_all())
                speak_past(originals)


def _run(call: Callable[[], Answer], future: "Future[Answer]") -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        future.set_exception(error)


def leave(exit_code: int) -> NoReturn:
    """End the program, without waiting for calls that were given up."""
    if not _given_up:
        sys.exit(exit_code)
    streams.discard_unwritable()
    os._exit(exit_code)
