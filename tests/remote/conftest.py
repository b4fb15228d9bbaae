import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.second_engine import Engine
from tests.remote.server import Server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for keys: of a short path, and in none that others may write to."""
    made = Path(tempfile.mkdtemp(prefix="sshd-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def second_engine(folder: Path) -> Iterator[Engine]:
    """An engine beside this machine's, with the images of the stages and nothing else."""
    started = Engine(folder)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """A machine that is reached by ssh, which is this one; it can't be started is a failure."""
    started = Server(folder, {"VGG19_TESTS": "remote"})
    started.start()
    yield started
    started.vanish()
