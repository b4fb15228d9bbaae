"""`invoke check` and `invoke lint`: what they run, and what they say of it."""

import sys
from pathlib import Path

import pytest

from docker.develop import checks
from docker.develop.checks import LINT, Check
from docker.paths import ROOT
from stages.errors import StageError


def python(name: str, code: str, files: tuple[str, ...] = (), shows: bool = False) -> Check:
    return Check(name, ("python", "-c", code), files, shows)


def test_what_finds_nothing_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    checks.run([python("style", "print('all is well')")])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("style: ok, ")


def test_what_is_found_is_shown_and_all_checks_that_failed_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing = "import sys; print('a.py:1: wrong'); sys.exit(1)"
    with pytest.raises(StageError, match=r"^(types, spelling|spelling, types) found"):
        checks.run([python("types", failing), python("style", ""), python("spelling", failing)])
    shown = capsys.readouterr().out
    assert shown.count("a.py:1: wrong\n") == 2
    assert "style: ok, " in shown


def test_a_summary_is_shown_though_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    checks.run([python("unit tests", "print('2 passed')", shows=True)])
    assert capsys.readouterr().out.startswith("2 passed\nunit tests: ok, ")


def test_a_program_that_is_missing_is_named_and_not_passed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(StageError, match=r"^links found"):
        checks.run([Check("links", ("no-such-program",))])
    assert (
        capsys.readouterr().out
        == "links: no-such-program is missing; `./bootstrap.py --no-engine check` installs it\n"
    )


def test_a_check_is_given_the_files_of_its_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.sh", "a.sh", "c.py"):
        (tmp_path / name).touch()
    show = python("scripts", "import sys; print(sys.argv[1:])", files=("*.sh",), shows=True)
    checks.run([show], tmp_path)
    given = [str(tmp_path / name) for name in ("a.sh", "b.sh")]
    assert capsys.readouterr().out.startswith(f"{given}\n")


@pytest.mark.parametrize("check", [check for check in LINT if check.files], ids=lambda it: it.name)
def test_each_pattern_of_files_finds_some_here(check: Check) -> None:
    assert all(any(ROOT.glob(pattern)) for pattern in check.files)


def test_actionlint_finds_the_shellcheck_that_is_installed_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = "import shutil, sys; print(shutil.which('shellcheck') == sys.argv[1])"
    beside = str(Path(sys.executable).with_name("shellcheck"))
    checks.run([Check("scripts", ("python", "-c", code, beside), shows=True)])
    assert capsys.readouterr().out.startswith("True\n")
