"""What is left on a server of MLflow when the script that makes runs there is ended."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docker.share.scripts import SCRIPTS

# As much of MLflow's client, and of what it stands on, as the script imports: each call takes a
# moment, and is written down once it is done.
CLIENT = """\
import os, time
from pathlib import Path
from types import SimpleNamespace as Of

SLOW_S, CALLS = float(os.environ["SLOW_S"]), Path(os.environ["CALLS"])
CREATING = "CREATING" in os.environ

class MlflowClient:
    tracking_uri = "http://127.0.0.1:1"
    def get_experiment_by_name(self, name):
        return Of(lifecycle_stage="active", experiment_id="1")
    def search_runs(self, *given, **named):
        return []
    def create_run(self, *given):
        if CREATING:
            CALLS.write_text("creates\\n")
            time.sleep(1)
        return Of(info=Of(run_id="r", artifact_uri="mlflow-artifacts:/r"))
    def log_batch(self, *given, **named):
        CALLS.write_text("logs\\n")
        time.sleep(60)
    def set_terminated(self, *given, **named):
        self._done("terminated")
    def delete_run(self, *given):
        self._done("deleted")
    def _done(self, what):
        time.sleep(SLOW_S)
        with CALLS.open("a") as calls:
            calls.write(what + "\\n")
"""
STAND_INS = {
    "mlflow/__init__.py": CLIENT,
    "mlflow/entities.py": "Metric = Param = lambda *given: given\n",
    "mlflow/exceptions.py": "class MlflowException(Exception): pass\n",
    "mlflow/utils/__init__.py": "",
    "mlflow/utils/file_utils.py": "local_file_uri_to_path = str\n",
    "requests/__init__.py": "class Response: pass\nclass Session: pass\n",
    "requests/exceptions.py": "class _Error(Exception): pass\n"
    "ConnectionError = InvalidURL = RetryError = Timeout = _Error\n",
}
RUN = {
    "name": "a",
    "tags": {"key": "k"},
    "began_ms": 0,
    "params": {"p": "1"},
    "metrics": {},
    "files": [],
}


@pytest.fixture
def script(tmp_path: Path) -> "subprocess.Popen[bytes]":
    return started(tmp_path, slow_s=0.5)


def started(folder: Path, slow_s: float, **more: str) -> "subprocess.Popen[bytes]":
    """Start the script, and return once it logs to a run that it made, or is making one."""
    for name, text in STAND_INS.items():
        path = folder / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    calls = folder / "calls"
    limits = {"memory_bytes": 10**9, "call_s": 60.0, "all_s": 60.0}
    document = {"limits": limits, "key": "key", "experiment": "e", "runs": [RUN]}
    environ = {"PYTHONPATH": str(folder / "packages"), "CALLS": str(calls), "SLOW_S": str(slow_s)}
    environ |= more
    child = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "mlflow_runs.py")], env=environ, stdin=subprocess.PIPE
    )
    assert child.stdin
    child.stdin.write(json.dumps(document).encode())
    child.stdin.close()
    deadline = time.monotonic() + 20
    while not calls.exists():
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return child


def test_a_run_that_a_terminal_interrupts_is_deleted_again(
    tmp_path: Path, script: "subprocess.Popen[bytes]"
) -> None:
    script.send_signal(signal.SIGINT)  # the terminal's, to all
    time.sleep(0.25)
    script.send_signal(signal.SIGTERM)  # that of who asked, which then ends, too
    assert script.wait(20) == 128 + signal.SIGINT
    assert (tmp_path / "calls").read_text() == "logs\nterminated\ndeleted\n"


def test_after_a_signal_a_slow_server_gets_the_time_of_last_calls_alone(tmp_path: Path) -> None:
    child, began = started(tmp_path, slow_s=60.0), time.monotonic()
    child.terminate()
    assert child.wait(30) == 128 + signal.SIGTERM
    assert time.monotonic() - began < 12


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_just_being_made_is_deleted_again(tmp_path: Path, signum: int) -> None:
    child = started(tmp_path, slow_s=0.0, CREATING="1")
    child.send_signal(signum)
    assert child.wait(20) == 128 + signum
    assert (tmp_path / "calls").read_text() == "creates\nterminated\ndeleted\n"
