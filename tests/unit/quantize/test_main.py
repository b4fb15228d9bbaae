from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.errors import exit_code_of
from stages.folder.usable import LOCK, MARKER
from stages.quantize import __main__ as program
from tests.unit.records import HOST, train


@pytest.fixture
def artifacts(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setattr("sys.argv", ["quantize", "--artifacts", str(tmp_path)])
    monkeypatch.setenv("VGG19_LOCKS", str(tmp_path_factory.mktemp("locks")))
    monkeypatch.setattr(program, "verify", lambda folder: "sha")
    monkeypatch.setattr(program, "read_record", lambda *_: train())
    return tmp_path


def fail(*_: Any) -> None:
    pytest.fail("the stage went on")


def test_a_cpu_without_avx2_is_refused_before_any_work(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "cpu_flags", lambda: frozenset({"sse4_2", "avx"}))
    monkeypatch.setattr(program, "quantize", fail)
    assert exit_code_of("quantize", program.main) == 17
    message = capsys.readouterr().err
    assert "INT8 needs at least AVX2 (no avx2 flag); use another CPU" in message
    assert not (artifacts / "quantize").exists()


def test_nothing_is_timed_on_a_cpu_that_can_not_have_its_flags(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emulated = replace(HOST, cpu_model="AMD EPYC", cpu_flags=["amx_tile", "avx2"])
    monkeypatch.setattr(program, "describe_host", lambda cores: emulated)
    monkeypatch.setattr(program, "quantize", fail)
    assert exit_code_of("quantize", program.main) == 17
    assert "AMD EPYC has no AMX" in capsys.readouterr().err


def test_avx2_is_enough(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ReachedError(Exception):
        pass

    def reached(*_: Any) -> None:
        raise ReachedError

    monkeypatch.setattr(program, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(program, "quantize", reached)
    with pytest.raises(ReachedError):
        program.main()
    assert {path.name for path in artifacts.iterdir()} == {MARKER, LOCK}
