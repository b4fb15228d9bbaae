import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, subprocess, sys
from pathlib import Path
from stages.quantize.capture import output_to
try:
    with output_to(Path(sys.argv[1])):
        print("python")
        os.write(2, b"native\\n")
        subprocess.run(["echo", "child"], check=True)
        {last}
except ZeroDivisionError:
    pass
print("after")
"""


def run(log: Path, last: str) -> str:
    command = [sys.executable, "-c", SCRIPT.replace("{last}", last), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_python_and_native_output_go_to_the_log(tmp_path: Path) -> None:
    assert run(tmp_path / "log", "pass") == "after\n"
    assert sorted((tmp_path / "log").read_text().split()) == ["child", "native", "python"]


def test_output_is_back_after_a_failure(tmp_path: Path) -> None:
    assert run(tmp_path / "log", "1 / 0") == "after\n"
    assert "python" in (tmp_path / "log").read_text()
