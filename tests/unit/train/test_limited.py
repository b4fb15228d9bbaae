"""Models that never end, or print what steers a terminal, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from stages.errors import ModelError

# That of the stages, in an image as in a clone.
ROOT = Path(__file__).parents[3]

SCRIPT = """
import os, sys, time
from stages.errors import exit_code_of
from stages.train import limited

def endless():
    while True:
        os.write(2, b"\\x1b[31mforever\\n")
        time.sleep(0.01)

def spoken():
    os.write(1, b"\\x1b]0;owned\\x07 \\xff\\n")
    print("python", flush=True)
    os.write(2, b"x" * 5000)
    return 7

def many():
    os.write(2, b"line\\n" * 1000)

def own():
    raise TimeoutError("of the call")

limited.LIMIT_S = float(sys.argv[2])
call = globals()[sys.argv[1]]

def main():
    try:
        print("returned", limited.limited(call, "the model m does not answer"))
    finally:
        print("cleaned up", flush=True)

limited.leave(exit_code_of("train", main, 2.0))
"""


def run(call: str, limit_s: float = 60) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", SCRIPT, call, str(limit_s)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_a_model_prints_is_cleaned_and_cut() -> None:
    done = run("spoken")
    assert (done.returncode, done.stdout) == (0, "returned 7\ncleaned up\n")
    lines = done.stderr.split("\n")
    said = "train: printed by the model, or for it: "
    assert lines[:2] == [said + r"\x1b]0;owned\x07 " + "\ufffd", f"{said}python"]
    assert lines[2:7] == [said + "x" * 1000] * 5
    assert done.stderr.replace("\n", "").isprintable()


def test_what_a_model_prints_without_end_is_left_out() -> None:
    done = run("many")
    assert done.stderr.count("printed by the model") == 21
    assert done.stderr.endswith("or for it: more, which is left out\n")


def test_a_model_that_never_ends_is_given_up_after_a_time() -> None:
    done = run("endless", 0.5)
    assert done.returncode == ModelError.exit_code
    assert done.stdout == "cleaned up\n"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("train: error: the model m does not answer within ")
    assert last.endswith(" minutes; give one that comes to an end")
    assert done.stderr.replace("\n", "").isprintable()


def test_a_failure_of_the_call_is_its_own() -> None:
    done = run("own")
    assert "TimeoutError: of the call" in done.stderr
    assert "minutes" not in done.stderr


def test_it_can_be_interrupted_while_a_model_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, "endless", "60"]
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors)
    while not (tmp_path / "errors").stat().st_size:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    assert process.communicate()[0] == b"cleaned up\n"
    assert process.returncode == 128 + signal.SIGTERM
    said = (tmp_path / "errors").read_text()
    assert "\ntrain: ended by SIGTERM; finished artifacts are whole\n" in said
