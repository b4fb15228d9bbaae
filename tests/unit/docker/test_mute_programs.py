"""Programs that never answer: none of them holds up a command for ever."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from docker import containers
from docker.build import builder
from docker.host import client, git, install, pip_settings
from stages.common.host import cores, facts
from stages.doctor import checks
from stages.errors import NotWritableError, PinningError

SHORT_S = 0.05


@pytest.fixture
def mute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that puts a program which never ends by a name that all look for."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def make(name: str) -> str:
        (tmp_path / name).write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name)

    return make


def test_git_is_named(
    mute: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute("git")
    monkeypatch.setattr(git, "TIMEOUT_S", SHORT_S)
    with pytest.raises(NotWritableError, match=r"git does not answer within 0\.05 s in "):
        git.ask(tmp_path, "rev-parse", "HEAD")


def test_the_engine_holds_up_neither_an_end_nor_a_build(
    mute: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mute("docker")
    monkeypatch.setattr(containers, "ENGINE_S", SHORT_S)
    monkeypatch.setattr(client, "TIMEOUT_S", SHORT_S)
    monkeypatch.setattr(builder, "REMOVAL_S", SHORT_S)
    assert containers._engine("inspect", "gone") is None
    builder.remove_left_overs()
    builder.remove_images(["one"])


def test_a_host_without_an_lscpu_that_answers_has_no_known_vendor(
    mute: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mute("lscpu")
    monkeypatch.setattr(facts, "LSCPU_S", SHORT_S)
    assert facts.hypervisor_vendor() is None


def test_numactl_is_named(mute: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    mute("numactl")
    monkeypatch.setattr(cores, "NUMACTL_S", SHORT_S)
    monkeypatch.setattr(checks, "NUMACTL_S", SHORT_S)
    with pytest.raises(PinningError, match="numactl did not end within"):
        cores.choose_cores("")
    assert checks.check_memory_policy().state == checks.NOTE


def test_pip_may_say_nothing(mute: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_settings, "TIMEOUT_S", SHORT_S)
    assert pip_settings.pip_settings(mute("python3"), os.environ) == {}


def test_a_busy_socket_is_one_that_listens(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as caller:
        server.bind(str(path))
        assert not install._listens(path)
        server.listen(0)
        caller.connect(str(path))
        assert install._listens(path)  # and nobody accepts
