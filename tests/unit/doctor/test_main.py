import subprocess
import sys
from pathlib import Path

import pytest

from stages.doctor import __main__ as doctor
from stages.doctor.checks import NO, NOTE, OK, Check
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


def test_a_cap_that_the_machine_does_not_have_is_no_error_but_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VGG19_ISAS", "AVX2,AVX512_CORE_AMX")
    checks = [
        Check("isa AVX2", OK, "can run"),
        Check("isa AVX512_CORE_AMX", NO, "no amx_tile flag"),
        Check("governor", NOTE, "not shown here"),
    ]
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *checks)
    assert end.value.code == 18
    shown = capsys.readouterr()
    assert (
        shown.out.splitlines()[-1]
        == "doctor: this machine does not run AVX512_CORE_AMX; all else can be measured here"
    )
    assert shown.err == ""


def test_what_someone_can_see_to_is_an_error_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VGG19_ISAS", "AVX2,AVX512_CORE_AMX")
    checks = [
        Check("isa AVX512_CORE_AMX", NO, "no amx_tile flag"),
        Check("pinning", NO, "refused; allow it"),
        Check("memory", NO, "1 GiB; take more"),
    ]
    assert run(monkeypatch, *checks) == 18
    assert (
        capsys.readouterr().err
        == "doctor: error: not possible yet: pinning, memory; these lines above say what to do\n"
    )


def test_a_machine_that_runs_nothing_that_was_asked_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VGG19_ISAS", "AVX512_CORE_AMX")
    assert run(monkeypatch, Check("isa AVX512_CORE_AMX", NO, "no amx_tile flag")) == 18
    assert "no instruction set that was asked for can run here; " in capsys.readouterr().err


def test_it_looks_at_this_machine_without_a_framework() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True)
    *_, last = done.stdout.splitlines()
    assert last in ("False 0", "False 18"), done
    for name in ISA_NAMES:
        assert f"isa {name} " in done.stdout
