"""Children that end with their parent."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.program.tether import tethered
from tests.unit.processes import ROOT, orphan_ends

PARENT = """
import subprocess, sys, time
from stages.program.tether import tethered

child = subprocess.Popen({command}, stdin=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    assert orphan_ends(PARENT.format(command='tethered(["sleep", "60"])'))


def test_also_through_a_program_that_becomes_another() -> None:
    assert orphan_ends(PARENT.format(command='tethered(["nice", "sleep", "60"])'))


# As sg does it: a parent that only waits, in whose place another process began.
WAITS = """
import subprocess, time
from stages.program.tether import tethered_through

child = subprocess.Popen(["sh", "-c", tethered_through(["sleep", "60"])])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_also_behind_a_program_that_passes_no_signal_on() -> None:
    assert orphan_ends(WAITS)


def test_behind_one_that_was_replaced_it_is_nobodys_child() -> None:
    # The shell's parent is another than the process whose number it was given: its own number is.
    code = "import os; from stages.program.tether import tethered_through as it; "
    code += "os.execvp('sh', ['sh', '-c', it(['cat', '/proc/self/stat'])])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert " (cat) " in done.stdout


def test_nothing_is_started_for_a_parent_that_is_gone_already(tmp_path: Path) -> None:
    # The command of another process: for the shell in it, its parent has changed.
    code = (
        "import sys; from stages.program.tether import tethered; "
        "[print(part) for part in tethered(sys.argv[1:])]"
    )
    command = [sys.executable, "-c", code, "touch", str(tmp_path / "started")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(shown.splitlines())
    assert done.returncode == 1
    assert not list(tmp_path.iterdir())


def test_it_is_the_process_that_was_started_with_its_arguments_as_they_are() -> None:
    show = "import os, sys; print(os.getpid(), sys.argv[1:])"
    with subprocess.Popen(
        tethered([sys.executable, "-c", show, "a b", "$HOME", ""]),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.read() == f"{child.pid} ['a b', '$HOME', '']\n"


def test_the_signal_can_be_one_that_lets_it_clean_up() -> None:
    assert tethered(["true"], signal.SIGTERM)[1] == "--pdeathsig=TERM"


def test_without_setpriv_it_is_the_command_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert tethered(["true", "x"]) == ["true", "x"]
