"""What several tests of quantize take."""

from pathlib import Path

import pytest

from tests.unit.quantize.staged import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path / "artifacts").put_in(monkeypatch)
