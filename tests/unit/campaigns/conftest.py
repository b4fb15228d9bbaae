"""A stand-in for the product, and a whole pipeline's artifacts, for tries that take no time."""

import ctypes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns import product
from tests.campaigns.processes import PR_SET_CHILD_SUBREAPER, Command, adopt_orphans
from tests.campaigns.tries import Bench, Case, Options, Try, carry_out
from tests.unit.evidence.parts import pipeline

FAKE = Path(__file__).with_name("fake_product.py")
LIMIT_S = 30.0

Tried = Callable[[Callable[[Bench], None]], Try]


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("artifacts")
    pipeline(root)
    return root


@pytest.fixture
def options(artifacts: Path, tmp_path: Path) -> Options:
    return Options(folder=tmp_path, tries=20, artifacts=artifacts)


@pytest.fixture
def tried(options: Options) -> Iterator[Tried]:
    """A function that makes one try."""
    adopt_orphans()
    yield lambda run: carry_out("fakes", Case("fake", 0, run), options)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def fake_invoke(way: str) -> Callable[..., list[str]]:
    """Return what takes the place of `product.invoke`, and starts the stand-in."""
    return lambda task, *arguments, **_: [sys.executable, str(FAKE), way, task, *arguments]


@contextmanager
def started_and_ready(*arguments: Any, **options: Any) -> Iterator[Command]:
    """Start a command as `product.started` does, and go on once it is ready to be ended."""
    with product.started(*arguments, **options) as command:
        until = time.monotonic() + LIMIT_S
        while "ready" not in command.output and time.monotonic() < until:
            if command.code_within(0.01) is not None:
                break
        yield command
