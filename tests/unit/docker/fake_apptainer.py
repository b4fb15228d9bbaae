"""A command named apptainer that does as a test wants, and writes down what it was given."""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """\
import json, os, shutil, sys
log, behaviour = sys.argv[1:3]
words = sys.argv[3:]
with open(log, "a") as file:
    file.write(json.dumps({"words": words, "environ": dict(os.environ)}) + "\\n")
if words == ["--version"]:
    print("apptainer version 1.4.5")
elif words[:1] == ["build"]:
    shutil.copyfile(words[-1].removeprefix("docker-archive:"), words[-2])
exec(open(behaviour).read())
"""


@dataclass
class FakeApptainer:
    """A stand-in; `behave` is Python that it runs, with `words`, those that it was given."""

    folder: Path
    name: str = "apptainer"

    def __post_init__(self) -> None:
        self.program, self._log = self.folder / "bin" / self.name, self.folder / "calls"
        self._behaviour = self.folder / "behaviour"
        self.program.parent.mkdir()
        source = self.folder / "program.py"
        source.write_text(PROGRAM)
        words = [sys.executable, "-I", str(source), str(self._log), str(self._behaviour)]
        self.program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        self.program.chmod(0o755)
        self.behave("")

    def behave(self, code: str) -> None:
        self._behaviour.write_text(code)

    def calls(self, verb: str = "") -> list[dict[str, Any]]:
        """Return what it was given, by all calls or those of a verb: `words` and `environ`."""
        lines = self._log.read_text().splitlines() if self._log.is_file() else []
        found = [json.loads(line) for line in lines]
        return [call for call in found if not verb or verb in call["words"][:2]]


def in_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "apptainer"
) -> FakeApptainer:
    """Return a stand-in that alone of its kind is in PATH."""
    fake = FakeApptainer(folder, name)
    monkeypatch.setenv("PATH", f"{fake.program.parent}:/usr/bin:/bin")
    return fake
