"""`invoke compare --with`: the stage, then other machines beside its result."""

from pathlib import Path

import pytest
from invoke.exceptions import Exit

from docker import comparing
from docker.how import How
from stages.errors import InputMissingError, NotTrustedError
from tests.unit.machines.parts import RATES, cell, measure


def run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, others: str, code: int = 0
) -> tuple[int, list[list[str]]]:
    """Return how the task ends if the stage ends with `code`, and what ran."""
    ran: list[list[str]] = []

    def run_chosen(stages: list[str], *_: object) -> int:
        ran.append(stages)
        return code

    monkeypatch.setattr(comparing, "run_chosen", run_chosen)
    given = {"artifacts": str(folder), comparing.WITH: others}
    try:
        comparing.run_compare("docker", given, How())
    except Exit as error:
        return int(error.code or 0), ran
    return 0, ran


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    rates = [[factor * rate for rate in RATES] for factor in (1, 2, 3)]
    return [measure(tmp_path / f"m{n}", cell("int8", "AVX2", *own)) for n, own in enumerate(rates)]


def test_others_stand_beside_what_the_stage_left(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = folders
    assert run(monkeypatch, first, ",".join(map(str, others))) == (0, [["compare"]])
    printed = capsys.readouterr().out
    assert "2.00x" in printed
    assert "3.00x" in printed


@pytest.mark.parametrize("others", ["", ","])
def test_without_others_the_stage_alone_runs(
    folders: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    others: str,
) -> None:
    assert run(monkeypatch, folders[0], others) == (0, [["compare"]])
    assert capsys.readouterr().out == ""


def test_nothing_is_set_beside_a_stage_that_failed(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = InputMissingError.exit_code
    assert run(monkeypatch, folders[0], str(folders[1]), failed)[0] == failed
    assert capsys.readouterr().out == ""


def test_what_is_not_there_is_named_before_the_stage_runs(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = f"{folders[1]},b=/nowhere"
    assert run(monkeypatch, folders[0], others) == (InputMissingError.exit_code, [])
    assert "compare: error: /nowhere is missing; " in capsys.readouterr().err


def test_a_stage_in_doubt_is_set_beside_others_all_the_same(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, folders[0], str(folders[1]), NotTrustedError.exit_code)
    assert "2.00x" in capsys.readouterr().out
