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
from stages.errors import DiskFullError, SettingsError, StageError
from stages.program import disk_space
from stages.program.printable import printable
from stages.program.tether import tethered
from stages.setting import foreign_words

VENV = ROOT / ".venv-publish"
SCRIPTS = Path(__file__).with_name("publishing")
# Two last calls of a server.
GRACE_S = 12.0


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
    said = _encoded(document)
    with subprocess.Popen(
        command,
        cwd="/",
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            output, errors = process.communicate(said, timeout_s)
        except BaseException as error:
            _end(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise StageError(
                f"MLflow's client had not ended after {timeout_s:g} s; run this again, which goes "
                "on from what is made"
            ) from None
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _encoded(document: Mapping[str, Any]) -> str:
    try:
        return msgspec.json.encode(document).decode()
    except UnicodeEncodeError as error:
        name = printable(error.object)
        raise SettingsError(f"{name} is no name in UTF-8, as what reads it wants; rename") from None


def _end(process: "subprocess.Popen[str]") -> None:
    """End a script: first by the signal on which it removes what is not whole."""
    process.terminate()
    try:
        process.communicate(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
