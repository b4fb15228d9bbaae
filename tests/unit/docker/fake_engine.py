"""A command named docker that answers as a test wants, and writes down what it was asked."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPT = """\
import json, os, sys, time
answers = json.load(open({answers!r}))
asked = " ".join(sys.argv[1:])
with open({log!r}, "a") as log:
    log.write(asked + "\\n")
for start, (code, output, errors, seconds) in answers.items():
    if asked.startswith(start):
        time.sleep(seconds)
        sys.stdout.write(output)
        sys.stderr.write(errors)
        sys.exit(code)
"""
SERVER = {"Version": "26.1.5", "Os": "linux", "Arch": "amd64"}
Reply = tuple[int, str, str, float]


def reply(output: str = "", code: int = 0, errors: str = "", seconds: float = 0) -> Reply:
    return (code, output, errors, seconds)


DENIED = reply(
    code=1,
    errors="permission denied while trying to connect to the Docker daemon socket at "
    "unix:///var/run/docker.sock",
)
DOWN = reply(
    code=1,
    errors="Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?",
)
HEALTHY = {
    "--version": reply("Docker version 26.1.5+dfsg1, build a72d7cd"),
    "compose version": reply("2.26.1-4"),
    "buildx version": reply("github.com/docker/buildx 0.13.1+ds1-3 0.13.1+ds1-3"),
    "version --format={{json .Server}}": reply(json.dumps(SERVER)),
}


class FakeEngine:
    """The first answer whose words begin what is asked is given; nothing, and 0, if none does."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
        self._answers, self._log = folder / "answers.json", folder / "asked"
        self.path = folder / "docker"
        program = folder / "answering.py"
        program.write_text(SCRIPT.format(answers=str(self._answers), log=str(self._log)))
        # Not in a first line `#!`: a path there may have no blank.
        self.path.write_text(
            f'#!/bin/sh\nexec {shlex.quote(python)} {shlex.quote(str(program))} "$@"\n'
        )
        self.path.chmod(0o755)
        self.answer({})
        monkeypatch.setenv("PATH", str(folder))
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "BASE_IMAGE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", str(folder / "configuration"))

    def answer(self, answers: Mapping[str, Reply]) -> None:
        self._answers.write_text(json.dumps({**answers, **HEALTHY} | dict(answers)))

    @property
    def asked(self) -> list[list[str]]:
        lines = self._log.read_text().splitlines() if self._log.is_file() else []
        return [shlex.split(line) for line in lines]
