from pathlib import Path

import pytest

from tests.unit.deploy.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
