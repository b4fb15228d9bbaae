"""`invoke audit` with the real pip-audit, on a small database that is answered on loopback."""

import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
import yaml

from docker.build import requirements
from docker.develop import audit, tasks, triage
from docker.develop.audit import Finding, Pin
from docker.paths import ROOT
from stages.errors import (
    DownloadError,
    SettingsError,
    StageError,
    VulnerabilityError,
    exit_code_of,
)
from tests.commands import Done, invoke
from tests.unit.tasks.advisories import advisory, write_database

# Nothing listens at it.
NOWHERE = "http://127.0.0.1:1/v1/query"
FIXED = [{"introduced": "0"}, {"fixed": "1.4"}, {"introduced": "2"}, {"fixed": "2.1"}]


def find(folder: Path, *pins: Pin) -> list[Finding]:
    with audit.source(folder) as asked:
        return audit.find(pins, asked)


def test_a_finding_names_what_fixes_it_and_one_that_was_withdrawn_is_none(tmp_path: Path) -> None:
    names = ["GHSA-xxxx", "CVE-2024-1"]
    write_database(
        tmp_path,
        advisory("PYSEC-2024-1", "Some_Package", FIXED, aliases=names),
        advisory("PYSEC-2024-2", "Some_Package", FIXED, withdrawn="2024-06-01T00:00:00Z"),
        # GitHub's own of the same vulnerability.
        advisory("GHSA-xxxx", "Some_Package", FIXED, aliases=["CVE-2024-1"]),
    )
    (finding,) = find(tmp_path, ("some-package", "1.3"), ("other", "1.3"))
    assert (finding.package, finding.version, finding.id) == ("some-package", "1.3", "PYSEC-2024-1")
    assert finding.aliases == ("CVE-2024-1", "GHSA-xxxx")
    assert finding.fixed == ("1.4", "2.1")


def test_all_versions_of_a_package_are_asked_of(tmp_path: Path) -> None:
    write_database(tmp_path, advisory("PYSEC-2024-1", "some", FIXED))
    pins = [("some", version) for version in ("1.3", "2.0")]
    assert [finding.version for finding in find(tmp_path, *pins)] == ["1.3", "2.0"]


def test_a_proxy_is_not_asked_of_what_is_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.org")
    write_database(tmp_path, advisory("PYSEC-2024-1", "some", FIXED))
    assert len(find(tmp_path, ("some", "1.3"))) == 1


def test_a_service_that_does_not_answer_is_one_line_with_the_way_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(audit.OSV_VARIABLE, NOWHERE)
    with audit.source(None) as asked, pytest.raises(DownloadError) as refused:
        audit.find([("some", "1.3")], asked)
    message = str(refused.value)
    assert message.startswith(f"{NOWHERE} gave no answer (")
    assert "Connection refused" in message
    assert message.endswith("give a copy of github.com/pypa/advisory-database as `--database`")
    assert "\n" not in message


def test_a_pip_audit_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PROGRAM", "no-such-program")
    monkeypatch.setitem(sys.modules, "packaging.utils", None)  # which comes with it
    for folder in (None, tmp_path):
        with (
            pytest.raises(StageError, match=r"is missing; `\./bootstrap\.py --no-engine audit`"),
            audit.source(folder),
        ):
            pass


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"dependencies": []}', "left out some packages"),
        ('{"dependencies": [{"name": "some", "skip_reason": "why"}]}', "has another form"),
        ("[", "has another form"),
    ],
)
def test_a_package_that_was_not_looked_up_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, reason: str
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(
        f"#!/bin/sh\nfor o; do case $o in --output=*) echo '{answer}' >${{o#*=}};; esac; done\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(audit, "PROGRAM", str(program))
    write_database(tmp_path, advisory("PYSEC-2024-1", "some", FIXED))
    with pytest.raises(StageError, match=reason):
        find(tmp_path, ("some", "1.3"))


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    monkeypatch.setattr(requirements, "REQUIREMENTS", folder)
    monkeypatch.setattr(requirements, "ABSENT", folder / "absent.txt")
    monkeypatch.setattr(audit, "REQUIREMENTS", folder)
    return folder


def test_every_version_in_a_lock_is_asked_of_whatever_python_it_is_for(locks: Path) -> None:
    (locks / "absent.txt").write_text("never==1.0\n")
    (locks / "a.txt").write_text(
        "# Made.\n--require-hashes\n"
        "some==1.0 ; python_full_version < '3.11' \\\n    --hash=sha256:00\n"
        "some==2.0 ; python_full_version >= '3.11' \\\n    --hash=sha256:00\n"
    )
    (locks / "b.txt").write_text("some==2.0 \\\n    --hash=sha256:00\ntf-keras==2.15.1\n")
    assert audit.locked_pins() == {
        ("some", "1.0"): ["a"],
        ("some", "2.0"): ["a", "b"],
        ("tf-keras", "2.15.1"): ["b"],
        ("keras", "2.15.1"): ["b"],
    }


def test_every_lock_of_this_checkout_is_asked_of() -> None:
    folder = ROOT / "docker" / "requirements"
    names = {name for names in audit.locked_pins().values() for name in names}
    assert names == {path.stem for path in folder.glob("*.in")}


def assert_refused(done: Done, kind: type[StageError], line: str) -> None:
    assert done.code == kind.exit_code, done
    assert len(done.error_lines) == 1, done
    assert line in done.error_lines[0]


def verdicts_on(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    verdict = {
        "package": "some",
        "versions": ["1.3"],
        "verdict": "not affected",
        "reason": "Nothing calls it.",
        "reaches": "nobody",
        "date": date(2024, 6, 1),
    }
    (folder / "audit.yaml").write_text(yaml.safe_dump([{"id": name, **verdict} for name in names]))
    monkeypatch.setattr(triage, "TRIAGE", folder / "audit.yaml")


def run_task(folder: Path) -> int:
    return exit_code_of("audit", partial(tasks._audit, str(folder)))


def test_a_finding_without_a_verdict_is_shown_and_fails(
    tmp_path: Path,
    locks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_database(tmp_path, advisory("PYSEC-2024-1", "some", [{"introduced": "0"}]))
    (locks / "a.txt").write_text("some==1.3\n")
    verdicts_on(monkeypatch, locks, "PYSEC-2023-9")
    assert run_task(tmp_path) == VulnerabilityError.exit_code
    shown = capsys.readouterr()
    about, *table, unknown = shown.out.splitlines()
    assert about.startswith(f"audit: 1 versions of packages; 1 advisories in {tmp_path}, ")
    assert about.endswith("the newest of 2024-05-06")
    assert table[1].split("  ")[-1] == "NOT TRIAGED"
    assert "this database does not have PYSEC-2023-9 of some 1.3" in unknown
    reason = "no verdict holds for PYSEC-2024-1 of some 1.3; update or triage in"
    warning, error = shown.err.splitlines()
    assert warning.startswith("audit: warning: this copy is ")
    assert error.startswith(f"audit: error: {reason} ")


def test_if_all_findings_have_a_verdict_it_is_0(
    tmp_path: Path,
    locks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_database(tmp_path, advisory("PYSEC-2024-1", "some", FIXED))
    (locks / "a.txt").write_text("some==1.3\n")
    verdicts_on(monkeypatch, locks, "PYSEC-2024-1")
    assert run_task(tmp_path) == 0
    *_, row, last = capsys.readouterr().out.splitlines()
    assert row.endswith("not affected")
    known = "1 known vulnerabilities in this copy of 2024-05-06"
    assert last == f"audit: {known}, none without a verdict"


def test_nothing_in_an_old_copy_is_said_to_be_no_more_than_that(
    tmp_path: Path,
    locks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_database(tmp_path, advisory("PYSEC-2024-1", "other", FIXED))
    (locks / "a.txt").write_text("some==1.3\n")
    verdicts_on(monkeypatch, locks)
    assert run_task(tmp_path) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == "audit: none in this copy of 2024-05-06"
    days = (date.today() - date(2024, 5, 6)).days
    assert shown.err == (
        f"audit: warning: this copy is {days} days old, and what was found since is not in it; "
        "get a newer one\n"
    )


@pytest.mark.parametrize(("days", "is_old"), [(0, False), (30, False), (31, True)])
def test_a_copy_is_old_after_thirty_days(days: int, is_old: bool) -> None:
    newest = date(2024, 5, 6)
    asked = audit.Source("", "", frozenset(), newest)
    assert bool(asked.warning(newest + timedelta(days=days))) == is_old


def test_of_the_service_itself_it_says_what_is_known() -> None:
    asked = audit.Source("", "")
    assert asked.warning(date(2024, 5, 6)) == ""
    assert asked.conclusion(0) == "no known vulnerabilities, none without a verdict"


def test_a_folder_that_is_no_database_is_refused(tmp_path: Path) -> None:
    done = invoke("audit", "--database", str(tmp_path))
    assert_refused(done, SettingsError, f"{tmp_path} has no advisories of Python packages")


def test_the_workflow_audits_every_week() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text())
    # YAML 1.1 takes the key `on` for a truth value.
    assert workflow[True]["schedule"]
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == "./bootstrap.py --yes --no-engine audit"
