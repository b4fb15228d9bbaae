"""What is run by the Python of `.venv-publish`, which has packages that nothing else here needs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from docker.build.requirements import PUBLISH, path_of
from docker.host import interpreter, venv
from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import DiskFullError, StageError
from stages.program import disk_space
from stages.program.tether import tethered
from stages.setting import foreign_words

VENV = ROOT / ".venv-publish"
SCRIPTS = Path(__file__).with_name("publishing")


def python_of_publish() -> Path:
    """Return the Python that has the packages, after it was set up if need be; or VenvError."""
    return venv.get_or_create(VENV, interpreter.base_python, [path_of(PUBLISH)])


def run_script(
    script: str,
    document: Mapping[str, Any],
    variables: Mapping[str, str],
    timeout_s: float | None = None,
) -> str:
    """Run a script of SCRIPTS on a document; return the line that it printed last.

    It ends with this process, however that ends, and leaves nothing: the document is its input.
    Raises VenvError without the packages, DiskFullError, and StageError if it fails, or has not
    ended after `timeout_s` seconds.
    """
    environ = {**child_environment(os.environ), **variables}
    python = str(python_of_publish())
    command = [python, "-I", "-X", "utf8", str(SCRIPTS / f"{script}.py")]
    done = _run(tethered(command, environ=environ), environ, document, timeout_s)
    if disk_space.says_full(done.stderr + done.stdout):
        raise DiskFullError("no space left for what publish writes; free some and run this again")
    if done.returncode:
        said = foreign_words.last_line(done.stderr)
        raise StageError(f"{script} failed ({said}); remove {VENV}, and run this again")
    return done.stdout.strip().rpartition("\n")[2]


def _run(
    command: Sequence[str],
    environ: Mapping[str, str],
    document: Mapping[str, Any],
    timeout_s: float | None,
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            cwd="/",
            env=environ,
            input=msgspec.json.encode(document).decode(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise StageError(
            f"MLflow's client had not ended after {timeout_s:g} s; run this again, which goes on "
            "from what is made"
        ) from None
