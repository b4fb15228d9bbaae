"""What this project starts: nobody's input is read, and it gets time to clean up."""

import ast
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from docker.paths import ROOT
from tests.unit.processes import start

STARTING = {"run", "Popen", "call", "check_call", "check_output", "getoutput"}
GENTLE = """
import sys
from docker.host.children import run_gently
from stages.errors import exit_code_of

command = ["sh", "-c", sys.argv[1]]
sys.exit(exit_code_of("x", lambda: print("code", run_gently(command, 0.5))))
"""


def starts(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = node.func.value
            is_ours = isinstance(place, ast.Name) and place.id == "subprocess"
            if is_ours and node.func.attr in STARTING:
                yield node


def test_no_child_gets_the_callers_standard_input() -> None:
    files = [ROOT / "bootstrap.py", ROOT / "tasks.py"]
    files += [path for folder in ("docker", "stages") for path in (ROOT / folder).rglob("*.py")]
    calls = [(path, call) for path in files for call in starts(ast.parse(path.read_text()))]
    assert len(calls) > 20
    open_ones = [
        f"{path}:{call.lineno}"
        for path, call in calls
        if not {"stdin", "input"} & {keyword.arg for keyword in call.keywords}
    ]
    assert not open_ones


def ended(script: str, signum: signal.Signals) -> tuple[int, str]:
    with start(GENTLE, script) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signum)
        return process.wait(), process.stdout.read()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_child_may_clean_up(signum: signal.Signals) -> None:
    waits = "trap 'echo cleaned; exit 3' TERM; echo begun; while :; do sleep 0.05; done"
    code, output = ended(waits, signum)
    assert code == 128 + signum
    assert output.startswith("cleaned\nx: ")


def test_a_child_that_does_not_end_is_killed() -> None:
    code, output = ended("trap '' TERM; echo begun; while :; do sleep 0.05; done", signal.SIGTERM)
    assert (code, output) == (143, "x: ended by SIGTERM; finished artifacts are whole\n")


STAGE = """
import sys
from docker.host.children import run_gently
from stages.errors import exit_code_of

stage = '''
import sys, time
from stages.errors import exit_code_of
sys.exit(exit_code_of("train", lambda: (print("begun", flush=True), time.sleep(60))))
'''
run = lambda: run_gently([sys.executable, "-c", stage], 20, is_stage=True)
sys.exit(exit_code_of("pipeline", run))
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_spoken_of_once_and_the_code_is_its_own(signum: signal.Signals) -> None:
    with start(STAGE) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signum)
        output = process.stdout.read()
        assert process.wait() == 128 + signum
    said = "interrupted" if signum == signal.SIGINT else f"ended by {signum.name}"
    assert output == f"train: {said}; finished artifacts are whole\n"


SLOW = "import sys, time; print('begun'); time.sleep(1)\n"
IMPORTING = STAGE.replace("import sys, time\n", SLOW, 1)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_while_a_stage_imports_waits_until_it_can_say_so(
    signum: signal.Signals,
) -> None:
    with start(IMPORTING, own_group=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signum)
        lines = process.stdout.read().splitlines()
        assert process.wait() == 128 + signum
    assert len(lines) == 1
    assert lines[0].startswith("train: ")


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("cat", 0)])
def test_its_code_is_returned(script: str, code: int) -> None:
    with start(GENTLE, script) as process:
        assert process.communicate()[0] == f"code {code}\n"
        assert process.returncode == 0


PASSING_ON = """
import subprocess, sys
from docker.host.children import pass_on

command, null = ["sh", "-c", sys.argv[1]], subprocess.DEVNULL
child = subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE)
pass_on(child)
child.stdout.close()
sys.exit(child.wait())
"""


@pytest.mark.parametrize("other", ["sleep 9", "for i in $(seq 90); do echo other; sleep 0.1; done"])
def test_a_child_has_ended_though_another_keeps_its_output_open(other: str) -> None:
    script = f"({other}) & seq 9999; exit 5"
    with start(PASSING_ON, script, errors=subprocess.DEVNULL) as process:
        assert process.wait(8) == 5
        assert process.stdout
        output = process.stdout.read().replace("other\n", "")
    assert output.splitlines() == [str(number) for number in range(1, 10_000)]
