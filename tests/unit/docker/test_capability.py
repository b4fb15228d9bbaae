"""What is said of a client that lacks what a run asks of it."""

from pathlib import Path

import pytest

from docker.host import capability
from docker.host.client import Answer
from stages.errors import EngineError


def without_plugins(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(capability, "ask", lambda *_: Answer(1))
    patch.setenv("DOCKER_CONFIG", str(folder))


def refused(self: Path) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_client_without_plugins_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_plugins(monkeypatch, tmp_path)
    with pytest.raises(EngineError, match="lacks compose and buildx; install these plugins"):
        capability.require()


def test_a_client_that_can_not_read_its_settings_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_plugins(monkeypatch, tmp_path)
    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(EngineError, match=f"^{tmp_path} can't be read, .*set DOCKER_CONFIG"):
        capability.require()
