"""Which known vulnerabilities are accounted for, and which verdicts are of nothing any more."""

from datetime import date
from pathlib import Path

import pytest

from docker.develop import triage
from docker.develop.audit import Finding, Pin, locked_pins
from docker.develop.triage import Outcome, judge, read_triage, require_triaged
from stages.errors import InputCorruptError, VulnerabilityError

TODAY = date(2030, 1, 2)
PIN = ("some", "1.3")
FINDING = Finding(*PIN, "PYSEC-1", ("CVE-1", "GHSA-1"), ("1.4",))
VERDICT = """\
- id: PYSEC-1
  package: some
  versions: ["1.3"]
  verdict: not affected
  reason: Nothing calls it.
  reaches: nobody
  date: 2029-12-01
"""
ACCEPTED = VERDICT.replace("not affected", "accepted\n  until: 2030-01-02")


def outcome(
    folder: Path, text: str, locked: set[Pin] | None = None, known: set[str] | None = None
) -> Outcome:
    path = folder / "audit.yaml"
    path.write_text(text)
    pins = {PIN} if locked is None else locked
    found = [FINDING] if PIN in pins else []
    return judge(found, read_triage(path), pins, known)


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1", "GHSA-1"])
def test_a_finding_is_accounted_for_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    judged = outcome(tmp_path, VERDICT.replace("PYSEC-1", name))
    require_triaged(judged, TODAY)
    shown = triage.table(judged, {PIN: ["a", "b"]}, TODAY)
    assert "some     1.3      a b         PYSEC-1   CVE-1 GHSA-1   1.4       not affected" in shown


@pytest.mark.parametrize(
    "other",
    [VERDICT.replace("PYSEC-1", "PYSEC-2"), VERDICT.replace("1.3", "1.2"), "# none\n", "[]"],
)
def test_a_finding_without_its_verdict_fails(tmp_path: Path, other: str) -> None:
    with pytest.raises(VulnerabilityError, match=r"no verdict holds for PYSEC-1 of some 1\.3"):
        require_triaged(outcome(tmp_path, other), TODAY)


def test_a_verdict_that_is_accepted_holds_until_its_day_and_no_longer(tmp_path: Path) -> None:
    judged = outcome(tmp_path, ACCEPTED)
    require_triaged(judged, TODAY)
    after = date(2030, 1, 3)
    with pytest.raises(VulnerabilityError, match="no verdict holds for PYSEC-1"):
        require_triaged(judged, after)
    assert "EXPIRED: accepted until 2030-01-02" in triage.table(judged, {PIN: ["a"]}, after)


@pytest.mark.parametrize(
    ("locked", "known"),
    [
        # The package was updated, or is no longer locked, whatever is known of the advisory.
        ({("some", "1.4")}, None),
        ({("some", "1.4")}, set()),
        (set(), {"PYSEC-1"}),
    ],
)
def test_a_verdict_on_what_is_no_longer_locked_is_stale(
    tmp_path: Path, locked: set[Pin], known: set[str] | None
) -> None:
    with pytest.raises(VulnerabilityError, match=r"nothing is found any more .* PYSEC-1 of some"):
        require_triaged(outcome(tmp_path, VERDICT, locked, known), TODAY)


def test_a_verdict_on_an_advisory_that_was_withdrawn_is_stale(tmp_path: Path) -> None:
    more = VERDICT + VERDICT.replace("PYSEC-1", "PYSEC-2")
    for known in (None, {"PYSEC-1", "PYSEC-2"}):
        judged = outcome(tmp_path, more, known=known)
        assert judged.stale == ["PYSEC-2 of some 1.3"]
        with pytest.raises(VulnerabilityError, match="PYSEC-2"):
            require_triaged(judged, TODAY)


def test_one_of_the_versions_of_a_verdict_can_be_stale(tmp_path: Path) -> None:
    judged = outcome(tmp_path, VERDICT.replace('"1.3"', '"1.3", "1.2"'))
    assert judged.stale == ["PYSEC-1 of some 1.2"]


def test_an_advisory_that_an_old_database_does_not_have_is_no_stale_verdict(tmp_path: Path) -> None:
    judged = outcome(tmp_path, VERDICT + VERDICT.replace("PYSEC-1", "GHSA-2"), known={"PYSEC-1"})
    assert (judged.stale, judged.unknown) == ([], ["GHSA-2 of some 1.3"])
    require_triaged(judged, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "- [",
        "- id: PYSEC-1\n",
        VERDICT.replace("not affected", "harmless"),
        VERDICT.replace("reason:", "because:"),
        VERDICT.replace("Nothing calls it.", '""'),
        VERDICT.replace('["1.3"]', "[1.3]"),
        VERDICT.replace('["1.3"]', "[]"),
        VERDICT.replace("not affected", "accepted"),
        VERDICT + "  until: 2030-01-01\n",
        VERDICT + VERDICT,
        VERDICT + VERDICT.replace("id: PYSEC-1", "id: CVE-1\n  aliases: [PYSEC-1]"),
    ],
)
def test_a_file_that_says_nothing_clear_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputCorruptError, match=r"audit\.yaml (can't be read|has PYSEC-1|has CVE-1)"
    ):
        outcome(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputCorruptError, match="can't be read"):
        read_triage(tmp_path / "audit.yaml")


def test_the_verdicts_of_this_checkout_are_of_versions_that_are_locked() -> None:
    assert {pin for verdict in read_triage(triage.TRIAGE) for pin in verdict.pins} <= {
        *locked_pins()
    }
