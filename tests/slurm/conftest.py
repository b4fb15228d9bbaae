import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Slurm
from tests.slurm.site import Site, make_clone


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """A Slurm; one that can't be started is a failure, not a reason to skip.

    It ends with its tests: others look for what is left running.
    """
    # Not pytest's own folder, whose path is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    started = Slurm(folder)
    try:
        started.start()
        yield started
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clone(tmp_path_factory.mktemp("slurm"))


@pytest.fixture
def site(clone: Path, slurm: Slurm, tmp_path: Path) -> Iterator[Site]:
    made = Site(clone, slurm, tmp_path)
    try:
        yield made
    finally:
        made.stop()
