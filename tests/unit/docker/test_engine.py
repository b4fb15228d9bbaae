"""Engines that do not answer, or not as they must: each has one line that says why."""

import grp
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docker.host import client, engine, visibility
from docker.host.client import Answer
from docker.host.engine import EngineInfo
from docker.host.env_file import compose_variables
from docker.host.user import User, user_in_container
from docker.host.visibility import require_visible
from stages.errors import EngineError
from stages.folder.access import writing
from stages.folder.usable import prepare
from tests.unit.docker.fake_engine import DENIED, DOWN, FakeEngine, Reply, reply


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return FakeEngine(tmp_path, monkeypatch, sys.executable)


def refusal() -> str:
    with pytest.raises(EngineError) as caught:
        engine.require("doctor")
    return str(caught.value)


def test_an_engine_that_can_do_all_is_taken(docker: FakeEngine) -> None:
    engine.require("doctor")
    assert engine.answers()


def test_without_a_client_it_says_how_to_get_an_engine(docker: FakeEngine) -> None:
    docker.path.unlink()
    assert "no container engine answers; get one with `./bootstrap.py --yes doc" in refusal()


def test_an_engine_that_never_answers_is_not_waited_for(
    docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answer({"version": reply(seconds=30)})
    monkeypatch.setattr(client, "TIMEOUT_S", 0.5)
    assert "the engine does not answer within 0.5 s; restart it" in refusal()


OTHER_RELEASE = "client version 1.52 is too new. Maximum supported API version is 1.45"


@pytest.mark.parametrize(
    ("variable", "remedy"),
    [("", "install a client and an engine of one release"), ("1.52", "unset DOCKER_API_VERSION")],
)
def test_an_engine_of_another_release_is_there_and_says_why_it_refuses(
    variable: str, remedy: str, docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_API_VERSION", variable)
    docker.answer({"version": reply(code=1, errors=f"Error response from daemon: {OTHER_RELEASE}")})
    assert f"the engine refuses this client: {OTHER_RELEASE}; {remedy}" in refusal()


@pytest.mark.parametrize(
    ("chosen", "place", "remedy"),
    [
        ({"DOCKER_HOST": "tcp://a:1"}, "DOCKER_HOST", "unset DOCKER_HOST"),
        ({"DOCKER_CONTEXT": "far"}, "the context 'far' of docker", "unset DOCKER_CONTEXT"),
        (
            {"DOCKER_CONTEXT": "https://me:secret@host/x"},
            "the context 'https://***@host/x' of docker",
            "unset DOCKER_CONTEXT",
        ),
        ({"DOCKER_HOST": "https://me:secret@host/x"}, "DOCKER_HOST", "unset DOCKER_HOST"),
        ({}, "the context 'used' of docker", "`docker context use default`"),
    ],
)
def test_an_engine_elsewhere_is_named_with_the_way_back(
    chosen: dict[str, str],
    place: str,
    remedy: str,
    docker: FakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "configuration").mkdir()
    used = json.dumps({"currentContext": "used"})
    (tmp_path / "configuration" / "config.json").write_text(used)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    docker.answer({"version": DOWN})
    assert f"no engine answers at {place}; start that one, or {remedy}" in refusal()
    docker.answer({"version": DENIED})
    assert f"this user is refused by {place}; start that one, or {remedy}" in refusal()


def be_in_group(monkeypatch: pytest.MonkeyPatch, members: list[str]) -> None:
    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_mem=members))


def test_who_may_not_use_it_is_told_how_to(
    docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answer({"version": DENIED})
    be_in_group(monkeypatch, [])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert f"{engine.user_name()} may not use the engine; `./bootstrap.py --yes" in refusal()
    monkeypatch.setattr("shutil.which", lambda name: None if name == "sudo" else name)
    assert "may not use the engine; as there is no sudo, have root add you to the" in refusal()
    assert not engine.needs_new_group()
    be_in_group(monkeypatch, [engine.user_name()])
    assert "this session is older than your membership in the group docker; log" in refusal()
    assert engine.needs_new_group()


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    assert engine.user_name() == "4000123"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            {"--version": reply("podman version 4.3.1", errors="Emulate Docker CLI using podman.")},
            "the command docker is podman's here",
        ),
        ({"--version": reply("nerdctl version 1.7.6")}, "the command docker is nerdctl's here"),
        ({"compose version": reply(code=1)}, "the engine's client lacks compose; install"),
        (
            {"compose version": reply("2.17.2")},
            "its plugin compose has version 2.17.2, and 2.24 or newer is needed; update it",
        ),
        (
            {"buildx version": reply("github.com/docker/buildx v0.9.1 ed00243a")},
            "its plugin buildx has version v0.9.1, and 0.10 or newer is needed",
        ),
        (
            {"version --format": reply('{"Version": "20.10.24", "Os": "linux", "Arch": "amd64"}')},
            "the engine has version 20.10.24, and 23.0 or newer is needed",
        ),
        (
            {"version --format": reply('{"Version": "27.0", "Os": "linux", "Arch": "arm64"}')},
            "the engine runs linux on arm64, and the images are for Linux on x86-64",
        ),
        (
            {"version --format": reply('{"Version": "27.0", "Os": "windows", "Arch": "amd64"}')},
            "the engine runs windows on amd64, and",
        ),
    ],
)
def test_what_can_not_run_the_stages_is_refused(
    answers: dict[str, Reply], message: str, docker: FakeEngine
) -> None:
    docker.answer(answers)
    assert message in refusal()
    assert "\n" not in refusal()


@pytest.mark.parametrize("version", ["null", "", "[]", '{"Version": "dev"}', '{"Version": null}'])
def test_an_engine_that_does_not_name_its_version_may_pass(
    version: str, docker: FakeEngine
) -> None:
    docker.answer({"version --format": reply(version)})
    engine.require("doctor")


def test_a_snap_is_refused(docker: FakeEngine, tmp_path: Path) -> None:
    docker.path.symlink_to(docker.path.rename(tmp_path / "snap"))
    assert "the engine is a snap, which sees neither /tmp nor hidden folders" in refusal()


# As `docker info --format '{{json .}}'` of each kind of engine has it, cut to what is read.
ROOTFUL = {
    "Name": "here",
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
    "DockerRootDir": "/var/lib/docker",
    "MemTotal": 16_000_000_000,
    "CgroupDriver": "systemd",
}
ROOTLESS = ROOTFUL | {
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"],
    "DockerRootDir": "/home/me/.local/share/docker",
}
REMAPPED = ROOTFUL | {
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=userns", "name=cgroupns"],
    "DockerRootDir": "/var/lib/docker/100000.100000",
}
USER = ("STAGES_UID", "STAGES_GID", "STAGES_USERNS")
DESKTOP = ROOTFUL | {"Name": "docker-desktop", "OperatingSystem": "Docker Desktop"}


@pytest.mark.parametrize(
    ("info", "inside"),
    [
        (ROOTFUL, {"STAGES_UID": "1000", "STAGES_GID": "100"}),
        (ROOTLESS, {"STAGES_UID": "0", "STAGES_GID": "0"}),
        (REMAPPED, {"STAGES_UID": "1000", "STAGES_GID": "100", "STAGES_USERNS": "host"}),
        ({}, {"STAGES_UID": "1000", "STAGES_GID": "100"}),
    ],
)
def test_a_stage_is_who_may_write_the_artifacts(
    info: dict[str, object], inside: dict[str, str], docker: FakeEngine
) -> None:
    docker.answer({"info": reply(json.dumps(info))})
    assert user_in_container(User(1000, 100), engine.read_info()).variables() == inside
    composed = compose_variables(User(1000, 100), engine.read_info(), {})
    assert {name: composed[name] for name in composed if name in USER} == inside


def test_an_engine_says_what_its_machine_has(docker: FakeEngine) -> None:
    docker.answer({"info": reply(json.dumps(ROOTFUL))})
    assert engine.read_info().memory == 16_000_000_000
    assert engine.read_info().root_cgroup == "-.slice"
    docker.answer({"info": reply("no JSON")})
    assert engine.read_info() == EngineInfo()


UNSEEN = reply(
    code=1,
    errors='Error response from daemon: invalid mount config for type "bind": bind source path '
    "does not exist: /home/me/vgg19/artifacts/.seen-x",
)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is called here, and is no container."""
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    monkeypatch.setattr("docker.host.visibility.in_container", lambda: False)


@pytest.mark.usefixtures("machine")
def test_an_engine_of_this_machine_is_not_tried(docker: FakeEngine, tmp_path: Path) -> None:
    docker.answer({"info": reply(json.dumps(ROOTFUL)), "create": UNSEEN})
    require_visible(tmp_path)
    assert [words[0] for words in docker.asked] == ["info"]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (ROOTFUL | {"Name": "far"}, "it runs on far; use"),
        (DESKTOP, "Docker Desktop does not share it"),
        ({}, "it runs on another machine; use"),
    ],
)
def test_an_engine_that_does_not_see_the_folder_is_named(
    info: dict[str, object], reason: str, docker: FakeEngine, tmp_path: Path
) -> None:
    docker.answer({"info": reply(json.dumps(info)), "create": UNSEEN})
    with pytest.raises(EngineError, match=f"the engine does not see {tmp_path}: {reason}"[:90]):
        require_visible(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".seen")]


@pytest.mark.usefixtures("machine")
def test_an_engine_elsewhere_that_sees_the_folder_is_taken(
    docker: FakeEngine, tmp_path: Path
) -> None:
    docker.answer({"info": reply(json.dumps(DESKTOP)), "create": reply("f00d")})
    require_visible(tmp_path)
    asked = [words[:2] for words in docker.asked]
    assert [first for first, _ in asked] == ["info", "import", "create", "rm", "image"]


@pytest.mark.usefixtures("machine")
def test_a_stage_that_begins_while_the_engine_is_tried_runs_and_the_engine_is_taken(
    docker: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answer({"info": reply(json.dumps(DESKTOP)), "create": reply("f00d")})
    artifacts, real, began = prepare(tmp_path / "artifacts"), client.ask, list[str]()

    def ask(*words: str, **how: Any) -> Answer:
        if words[0] != "create" or began:
            return real(*words, **how)
        with writing(artifacts, "train"):
            began.append("train")
        return Answer(1, errors=UNSEEN[2])

    monkeypatch.setattr(visibility, "ask", ask)
    require_visible(artifacts)
    assert began == ["train"]
    assert [path.name for path in artifacts.iterdir() if path.suffix == ".new"] == []


def test_in_a_container_the_engine_is_outside(
    docker: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docker.host.visibility.in_container", lambda: True)
    docker.answer({"info": reply(json.dumps(ROOTFUL)), "create": UNSEEN})
    with pytest.raises(EngineError, match="this is a container, and the engine is outside"):
        require_visible(tmp_path)
