"""What a machine lacks, who may install it, and that nobody waits for an answer that can't come."""

import builtins
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.host import airgap, capability, engine, interpreter, setup
from docker.host.asked import Asked
from docker.host.distribution import Distribution
from docker.host.engine import State
from stages.errors import EngineError

DEBIAN_12 = Distribution("Debian GNU/Linux 12 (bookworm)", "debian", 12)
DEBIAN_13 = Distribution("Debian GNU/Linux 13 (trixie)", "debian", 13)
UBUNTU = Distribution("Ubuntu 24.04", "ubuntu", 24)
OTHER = Distribution("Fedora Linux 43", "", 0)
TOOLS = "mmdebstrap numactl newuidmap sudo"
Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return what makes this machine look like another one: its distribution, commands, engine."""

    def pretend(
        distribution: Distribution, commands: str, state: State = State.NO_CLIENT, uid: int = 0
    ) -> None:
        present = commands.split()
        find = lambda name, path=None: f"/bin/{name}" if name in present else None  # noqa: E731
        monkeypatch.setattr(shutil, "which", find)
        monkeypatch.setattr(setup, "this_distribution", lambda: distribution)
        monkeypatch.setattr(engine, "find_state", lambda: state)
        monkeypatch.setattr(engine, "in_group", lambda: False)
        monkeypatch.setattr(capability, "require", lambda: None)
        plugins = [] if "docker" in present else ["compose", "buildx"]
        monkeypatch.setattr(capability, "missing_plugins", lambda: plugins)
        monkeypatch.setattr(setup, "DEBIAN_KEYRING", Path("/"))
        monkeypatch.setattr(setup, "_sudo_asks_nothing", lambda: "sudo" in present)
        monkeypatch.setattr(os, "getuid", lambda: uid)
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "BASE_IMAGE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", "/nowhere")

    return pretend


def test_a_bare_debian_gets_engine_and_tools(machine: Machine) -> None:
    machine(DEBIAN_13, "")
    plan = setup.plan_setup(Asked())
    assert {"docker.io", "docker-compose", "mmdebstrap", "numactl"} <= set(plan.packages)
    assert plan.start
    assert "Debian 13" not in " ".join(plan.steps())


def test_on_debian_12_it_says_that_a_later_source_stays(machine: Machine) -> None:
    machine(DEBIAN_12, TOOLS)
    plan = setup.plan_setup(Asked())
    assert "the engine from Debian 13, as Debian 12's is too old" in plan.steps()[0]
    assert "keep Debian 13 as a source of the engine alone" in plan.steps()[1]
    assert "--next-release" in plan.arguments()


def test_on_debian_12_tools_alone_come_from_debian_12(machine: Machine) -> None:
    machine(DEBIAN_12, "docker dockerd sudo mmdebstrap", State.ANSWERS)
    asked = Asked(("pipeline", "--runner", "local"))
    assert setup.plan_setup(asked) == setup.SetupPlan(("numactl",))


def test_an_engine_that_answers_is_left_as_it_is(machine: Machine) -> None:
    machine(DEBIAN_12, f"docker dockerd {TOOLS}", State.ANSWERS)
    assert setup.plan_setup(Asked()).steps() == []


def test_an_engine_that_sleeps_is_started(machine: Machine) -> None:
    machine(UBUNTU, f"docker dockerd {TOOLS}", State.DOWN)
    assert setup.plan_setup(Asked()) == setup.SetupPlan(start=True)


def test_who_may_not_use_the_engine_joins_its_group(machine: Machine) -> None:
    machine(UBUNTU, f"docker dockerd {TOOLS}", State.DENIED, uid=4_000_123)
    plan = setup.plan_setup(Asked())
    assert plan == setup.SetupPlan(group_user="4000123")
    assert plan.steps() == ["add 4000123 to the group docker (which equals root's rights)"]


@pytest.mark.parametrize("state", [State.SILENT, State.FOREIGN])
def test_an_engine_that_is_there_gets_no_second_one(machine: Machine, state: State) -> None:
    machine(DEBIAN_12, f"docker dockerd {TOOLS}", state)
    with pytest.raises(EngineError):
        setup.plan_setup(Asked())


@pytest.mark.parametrize("name", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_an_engine_elsewhere_that_sleeps_is_not_replaced(
    name: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(DEBIAN_12, "docker", State.DOWN)
    monkeypatch.setenv(name, "elsewhere")
    with pytest.raises(EngineError, match=rf"no engine answers at .*unset {name}"):
        setup.plan_setup(Asked())


def test_the_tests_of_a_cluster_get_what_they_start(machine: Machine) -> None:
    machine(UBUNTU, "numactl munged")
    asked = Asked(("test", "--only", "slurm"))
    assert setup.plan_setup(asked).packages == ("slurm-wlm", "slurm-wlm-torque")


def test_the_tests_by_ssh_get_what_they_start(machine: Machine) -> None:
    machine(UBUNTU, "docker", State.ANSWERS)
    asked = Asked(("test", "--only", "remote"))
    assert setup.plan_setup(asked).packages == ("numactl", "openssh-server", "openssh-client")


def test_no_engine_is_installed_for_the_local_runner(machine: Machine) -> None:
    machine(DEBIAN_12, "")
    assert setup.plan_setup(Asked(engine=False)).packages == ("numactl",)


def test_another_distribution_is_told_what_is_missing(machine: Machine) -> None:
    machine(OTHER, TOOLS)
    with pytest.raises(
        EngineError, match=r"docker missing, and only .*, not Fedora Linux 43; inst"
    ):
        setup.plan_setup(Asked())


def test_who_can_not_become_root_is_told(machine: Machine) -> None:
    machine(DEBIAN_12, "mmdebstrap numactl newuidmap", uid=4_000_123)
    line = (
        r"root or sudo is needed to install docker\.io [^,;]*, start the engine and add 4000123 to "
        r"the group docker \(which equals root's rights\); have root do that, or do without: "
        r"`\./bootstrap\.py doctor --runner local`$"
    )
    with pytest.raises(EngineError, match=line):
        setup.plan_setup(Asked(("doctor",)))


def test_who_may_not_use_the_engine_is_told_of_nothing_but_that(machine: Machine) -> None:
    machine(DEBIAN_12, "docker dockerd numactl", State.DENIED, uid=4_000_123)
    with pytest.raises(EngineError, match=r"^root or sudo is needed to add 4000123 to the group"):
        setup.plan_setup(Asked(("doctor",)))


def test_a_task_without_a_local_runner_names_none(machine: Machine) -> None:
    machine(DEBIAN_12, "", uid=4_000_123)
    with pytest.raises(EngineError, match=r"have root do that$"):
        setup.plan_setup(Asked(("export",)))


@pytest.mark.parametrize(
    "words", ["verify it.tar", "bundle", "version", "schema all", "clean", "docs", "--help train"]
)
def test_what_needs_no_engine_needs_nothing_of_one(machine: Machine, words: str) -> None:
    machine(DEBIAN_12, "", uid=4_000_123)
    asked = Asked(tuple(words.split()))
    assert setup.plan_setup(asked).steps() == []
    assert setup.plan_base_image(asked, "/none").steps() == []


@pytest.mark.parametrize("state", [State.ANSWERS, State.DENIED])
def test_with_an_engine_nothing_is_installed_before_it_is_asked_for_images(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    machine(DEBIAN_12, "docker dockerd", state, uid=4_000_123)
    monkeypatch.setattr(engine, "in_group", lambda: True)
    assert setup.plan_setup(Asked(("doctor",))).steps() == []


NEEDED, NOT_NEEDED = "/bin/true", "/bin/false"


def test_images_that_are_there_take_no_tools(machine: Machine) -> None:
    machine(DEBIAN_12, "docker dockerd", State.ANSWERS, uid=4_000_123)
    assert setup.plan_base_image(Asked(("doctor",)), NOT_NEEDED).steps() == []


def test_who_lacks_but_the_base_images_tools_can_do_without(machine: Machine) -> None:
    machine(DEBIAN_12, "docker dockerd numactl mmdebstrap", State.ANSWERS, uid=1000)
    line = r"needed to install uidmap; have root do that, or set BASE_IMAGE to a Debian 12 image"
    with pytest.raises(EngineError, match=line):
        setup.plan_base_image(Asked(("doctor",)), NEEDED)


def test_images_that_must_be_made_get_their_tools(machine: Machine) -> None:
    machine(DEBIAN_12, "docker dockerd sudo", State.ANSWERS, uid=1000)
    assert setup.plan_base_image(Asked(("doctor",)), NEEDED).packages == ("mmdebstrap", "uidmap")


def test_a_base_image_of_ones_own_takes_no_tools(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(DEBIAN_12, "docker dockerd sudo", State.ANSWERS, uid=1000)
    monkeypatch.setenv("BASE_IMAGE", "debian:12")
    assert setup.plan_base_image(Asked(), NEEDED).steps() == []
    monkeypatch.delenv("BASE_IMAGE")
    monkeypatch.setattr(airgap, "has_export", lambda: True)
    assert setup.plan_base_image(Asked(), NEEDED).steps() == []


def test_a_password_is_not_asked_for_without_a_terminal(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(DEBIAN_12, TOOLS, uid=1000)
    monkeypatch.setattr(setup, "_sudo_asks_nothing", lambda: False)
    with pytest.raises(EngineError, match="sudo asks for a password, and there is no terminal"):
        setup.plan_setup(Asked())


def test_sudo_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sudo").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(setup, "SUDO_TIMEOUT_S", 0.2)
    assert not setup._sudo_asks_nothing()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def give_answer(monkeypatch: pytest.MonkeyPatch, answer: str | BaseException) -> None:
    def read(_: str) -> str:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", read)


@pytest.mark.parametrize("answer", ["", "n", "no", "maybe", EOFError()])
def test_nothing_is_done_without_a_yes(
    answer: str | BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_answer(monkeypatch, answer)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it did"))
    with pytest.raises(EngineError, match="nothing was changed; say yes, or give --yes"):
        setup.carry_out(setup.SetupPlan(packages=("docker.io",)), assume_yes=False)


def test_an_interruption_at_the_question_ends_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give_answer(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        setup.carry_out(setup.SetupPlan(packages=("docker.io",)), assume_yes=False)
    assert capsys.readouterr().out.endswith("\n\n")


@pytest.mark.parametrize("stdin", [None, io.StringIO("yes\n")])
def test_nobody_is_asked_without_a_terminal(
    stdin: "io.StringIO | None", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(builtins, "input", lambda _: pytest.fail("it asked"))
    with pytest.raises(EngineError, match="nothing was changed"):
        setup.carry_out(setup.SetupPlan(packages=("docker.io",)), assume_yes=False)


def test_a_python_from_elsewhere_gets_no_package(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(DEBIAN_12, f"docker {TOOLS}", State.ANSWERS)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(interpreter, "base_python", lambda: "/usr/bin/python3")
    assert setup.plan_setup(Asked()).packages == (f"python3.{sys.version_info.minor}-venv",)
    monkeypatch.setattr(interpreter, "base_python", lambda: "/opt/python/bin/python3")
    assert setup.plan_setup(Asked()).packages == ()


def test_nothing_is_installed_to_make_an_environment_that_is_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(DEBIAN_12, f"docker {TOOLS}", State.ANSWERS)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(interpreter, "base_python", lambda: "/usr/bin/python3")
    assert setup.plan_setup(Asked(), creates_venv=False).packages == ()
