"""Ask the container engine something, by its client, and never for longer than it may take.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import Any

from docker.host.environment import engine_environment

CLIENT = "docker"
# Seconds; an engine that is reached by ssh, or that has just started, takes some of them.
TIMEOUT_S = 20.0
NOT_FOUND, TIMED_OUT = 127, 124


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client ended with: its exit code, and what it printed to each stream."""

    code: int
    output: str = ""
    errors: str = ""

    @property
    def ok(self) -> bool:
        """Whether the client did what it was asked for."""
        return self.code == 0


def ask(
    *arguments: str,
    stdin: bytes = b"",
    timeout_s: float | None = None,
    start_new_session: bool = False,
) -> Answer:
    """Return the client's answer; TIMED_OUT or NOT_FOUND as its code if there is none.

    In a new session, Ctrl-C does not reach the client.
    """
    try:
        done = subprocess.run(
            [CLIENT, *arguments],
            env=engine_environment(os.environ),
            input=stdin,
            capture_output=True,
            timeout=timeout_s or TIMEOUT_S,
            start_new_session=start_new_session,
        )
    except subprocess.TimeoutExpired:
        return Answer(TIMED_OUT)
    except OSError:
        return Answer(NOT_FOUND)
    return Answer(done.returncode, _text(done.stdout), _text(done.stderr))


def ask_for_object(*arguments: str) -> dict[str, Any]:
    """Return the JSON object that the client answers with, an empty one for anything else."""
    answer = ask(*arguments)
    try:
        value = json.loads(answer.output) if answer.ok else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def fields(*pairs: str) -> str:
    """Return an option's value of comma-separated `name=value` pairs, whatever a value holds."""
    return ",".join(_field(pair) for pair in pairs)


def _field(pair: str) -> str:
    return '"' + pair.replace('"', '""') + '"' if re.search(r'[",\r\n]', pair) else pair


def _text(output: bytes) -> str:
    return output.decode(errors="replace").strip(" \r\n")  # tabs are fields' ends
