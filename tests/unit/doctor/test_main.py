import subprocess
import sys
from pathlib import Path

import pytest

from stages.doctor import __main__ as doctor
from stages.doctor.checks import NO, OK, Check
from stages.errors import exit_code_of
from stages.isa import ISA_NAMES

ROOT = Path(__file__).parents[3]
RUN = """
import runpy, sys

sys.argv = ["doctor"]
try:
    runpy.run_module("stages.doctor", run_name="__main__")
except SystemExit as end:
    print("tensorflow" in sys.modules, end.code)
"""


def run(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> int:
    monkeypatch.setattr(sys, "argv", ["doctor"])
    monkeypatch.setattr(doctor, "_checks", lambda settings: [*checks])
    return exit_code_of("doctor", doctor.main)


def test_a_full_comparison_is_code_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Check("isa AVX2", OK, "can run")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "isa AVX2  ok  can run",
        "doctor: a full comparison is possible",
    ]


def test_what_is_missing_has_a_code_of_its_own_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [Check("isa AVX2", OK, ""), Check("pinning", NO, "refused"), Check("memory", NO, "")]
    assert run(monkeypatch, *checks) == 18
    assert "no full comparison here: pinning, memory; " in capsys.readouterr().err


def test_it_looks_at_this_machine_without_a_framework() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True)
    *_, last = done.stdout.splitlines()
    assert last in ("False 0", "False 18"), done
    for name in ISA_NAMES:
        assert f"isa {name} " in done.stdout
