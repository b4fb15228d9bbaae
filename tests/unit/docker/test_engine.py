import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.host import engine
from stages.errors import EngineError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes this machine look like another one: its distribution, commands, engine."""

    def pretend(distribution: str, commands: str, answers: bool = False, uid: int = 0) -> None:
        present = commands.split()
        find = lambda name, path=None: f"/bin/{name}" if name in present else None  # noqa: E731
        monkeypatch.setattr(shutil, "which", find)
        monkeypatch.setattr(engine, "_distribution", lambda: distribution)
        monkeypatch.setattr(engine, "answers", lambda: answers)
        monkeypatch.setattr(engine, "_permission_denied", lambda: False)
        plugins = [] if "docker" in present else ["compose", "buildx"]
        monkeypatch.setattr(engine, "_missing_plugins", lambda: plugins)
        monkeypatch.setattr(engine, "DEBIAN_KEYRING", Path("/"))
        monkeypatch.setattr(os, "getuid", lambda: uid)
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.delenv("BASE_IMAGE", raising=False)

    return pretend


TOOLS = "mmdebstrap numactl newuidmap sudo"


def test_a_bare_debian_gets_engine_and_tools(machine: Callable[..., None]) -> None:
    machine("debian", "")
    plan = engine.plan_setup()
    assert {"docker.io", "docker-compose", "mmdebstrap", "numactl"} <= set(plan.packages)
    assert plan.start


def test_an_engine_that_answers_is_left_as_it_is(machine: Callable[..., None]) -> None:
    machine("debian", f"docker dockerd {TOOLS}", answers=True)
    assert engine.plan_setup().steps() == []


def test_an_engine_that_sleeps_is_started(machine: Callable[..., None]) -> None:
    machine("ubuntu", f"docker dockerd {TOOLS}")
    assert engine.plan_setup() == engine.SetupPlan(start=True)


def test_no_engine_is_installed_for_the_local_runner(machine: Callable[..., None]) -> None:
    machine("debian", "")
    assert engine.plan_setup(with_engine=False).packages == ("numactl",)


def test_another_distribution_is_told_what_is_missing(machine: Callable[..., None]) -> None:
    machine("", TOOLS)
    with pytest.raises(EngineError, match="docker missing, and only Debian 12 and Ubuntu"):
        engine.plan_setup()


def test_who_can_not_become_root_is_told(machine: Callable[..., None]) -> None:
    machine("debian", "mmdebstrap numactl newuidmap", uid=1000)
    with pytest.raises(EngineError, match="root or sudo is needed to install docker"):
        engine.plan_setup()


def test_nothing_is_installed_unasked(machine: Callable[..., None]) -> None:
    with pytest.raises(EngineError, match="nothing was changed; say yes, or give --yes"):
        engine.carry_out(engine.SetupPlan(packages=("docker.io",)), assume_yes=False)


def test_a_foreign_engine_that_sleeps_is_not_replaced(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("debian", "")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:1")
    with pytest.raises(EngineError, match="no engine answers at DOCKER_HOST"):
        engine.plan_setup()
