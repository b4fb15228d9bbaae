"""Another machine's engine, which is reached by ssh: its address, and why it does not answer."""

import os
import sys
import threading
from pathlib import Path

import pytest

from docker.host import elsewhere
from docker.host.elsewhere import by_ssh, checked, client_words, engine_at, require_reached, watched
from stages.errors import EngineError, SettingsError
from tests.unit.docker.fake_engine import DENIED, DOWN, FakeEngine, Reply, reply

HOST = "ssh://me@vm:2222"
# As Docker's client 28 puts what ssh says into its own words.
FAILED = (
    "error during connect: Get http://docker.example.com/v1.50/version: command [ssh -o "
    "ConnectTimeout=30 -T -l me -p 2222 -- vm docker system dial-stdio] has exited with exit "
    "status {code}, make sure the URL is valid, and Docker 18.09 or later is installed on the "
    "remote host: stderr={said}\r\n"
)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return FakeEngine(tmp_path, monkeypatch, sys.executable)


@pytest.mark.parametrize(
    "address", ["ssh://vm", "ssh://me@vm", HOST, "ssh://me@10.0.0.7", "ssh://a.b@[fe80::1]:22"]
)
def test_an_address_of_ssh_is_taken(address: str) -> None:
    assert checked(f" {address}/ ") == address


@pytest.mark.parametrize(
    "address",
    [
        *("ssh://me:hunter2@vm", "ssh://me:hunter2/@vm", "me:hunter2@vm", "ssh:/me:hunter2@vm"),
        "ssh://vm:hunter2",
    ],
)
def test_a_password_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(SettingsError, match="without a password, as ssh takes a key") as caught:
        checked(address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        *("vm", "me@vm", "tcp://vm:2375", "unix:///run/docker.sock", "ssh://", "ssh://-oProxy=x"),
        *("ssh://me@vm/socket", "ssh://me@vm:port", "ssh://me@vm -v", "ssh://-v@vm"),
        *("ssh://vm:99999", "ssh://vm:0"),
    ],
)
def test_no_other_address_is_taken(address: str) -> None:
    with pytest.raises(SettingsError, match=r"^host can't be .*; give ssh://USER@HOST or"):
        checked(address)


def test_the_client_asks_that_engine_in_the_meantime_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {"DOCKER_CONTEXT": "mine", "DOCKER_TLS_VERIFY": "1", "SSH_ASKPASS": "mine"}
    for name, text in mine.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    before = dict(os.environ)
    with engine_at(HOST):
        assert os.environ["DOCKER_HOST"] == by_ssh() == HOST
        assert not {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"} & {*os.environ}
        assert client_words() == f"docker --host {HOST}"
    assert dict(os.environ) == before
    assert client_words() == "docker"
    with engine_at(""):
        assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            reply(code=1, errors=FAILED.format(code=255, said="Host key verification failed.")),
            "key",
        ),
        (
            reply(
                code=1,
                errors=FAILED.format(code=255, said="me@vm: Permission denied (publickey)."),
            ),
            "it does not take this user's keys, which ssh may not ask for; "
            f"`ssh {HOST} docker version` must end without a question",
        ),
        (
            reply(
                code=1,
                errors=FAILED.format(code=127, said="bash: line 1: docker: command not found"),
            ),
            "ssh finds no docker there; install Docker's engine there",
        ),
        (
            reply(code=1, errors='error during connect: exec: "ssh": executable file not found'),
            "ssh is missing here; install the package openssh-client",
        ),
        (
            reply(
                code=1,
                errors=FAILED.format(code=255, said="ssh: connect to host vm port 2222: refused"),
            ),
            f"ssh: connect to host vm port 2222: refused; `ssh {HOST} docker version` must show",
        ),
        (
            reply(code=1, errors=FAILED.format(code=255, said="Password for http://bob:hunter2@h")),
            f"Password for http://***@h; `ssh {HOST} docker version` must show",
        ),
        (DENIED, "that user may not use the engine there; add it to the group docker"),
        (DOWN, "the engine does not run there; start it there"),
        (reply(code=1), "it does not say why"),
    ],
)
def test_why_it_does_not_answer_is_one_line_with_a_remedy(
    answer: Reply, why: str, docker: FakeEngine
) -> None:
    docker.answer({"version": answer})
    with engine_at(HOST), pytest.raises(EngineError) as caught:
        require_reached()
    assert str(caught.value).startswith(f"no engine answers at {HOST}: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_silent_one_and_a_missing_client_are_named(
    docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answer({"version": reply(seconds=30)})
    monkeypatch.setattr("docker.host.client.TIMEOUT_S", 0.1)
    with engine_at(HOST), pytest.raises(EngineError, match="it is silent for 20 s"):
        require_reached()
    docker.path.unlink()
    with engine_at(HOST), pytest.raises(EngineError, match="client is missing here; `"):
        require_reached()


def test_one_that_vanishes_is_noticed(docker: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "LOOK_S", 0.01)
    docker.answer({"version": reply(code=1, errors="no route to host")})
    ended = threading.Event()
    with engine_at(HOST), watched(ended.set):
        assert ended.wait(60)
    assert len([words for words in docker.asked if words == ["version"]]) == elsewhere.LOOKS
