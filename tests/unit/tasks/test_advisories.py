"""Which advisories of a copy of a database are of a version of a package."""

import json
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from docker.develop.advisories import read_database
from stages.errors import InputCorruptError, SettingsError
from tests.unit.tasks.advisories import advisory, write_database

FIXED_IN_2 = [{"introduced": "0"}, {"fixed": "2.0"}]


def ids(folder: Path, package: str, version: str) -> list[str]:
    return [entry.id for entry in read_database(folder).query(package, version)]


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        (FIXED_IN_2, ["0.dev1", "1.9.9", "2.0rc1", "2.0.dev3"], ["2.0", "2", "2.0.post1", "10.0"]),
        ([{"introduced": "1.5"}], ["1.5", "1.10", "1!0.1"], ["1.4.9", "1.5rc1"]),
        ([{"introduced": "1"}, {"last_affected": "1.2"}], ["1.2", "1.2.0"], ["1.2.1", "0.9"]),
        # Not in the order of the versions, as some are.
        (
            [{"introduced": "3"}, {"fixed": "3.1"}, {"introduced": "1"}, {"fixed": "1.1"}],
            ["1.0.9", "3.0"],
            ["0.9", "1.1", "2.5", "3.1"],
        ),
        ([{"introduced": "0"}, {"limit": "2"}], ["1.9"], ["2", "2.1"]),
        ([{"introduced": "0"}, {"limit": "*"}], ["1.9", "9"], []),
        ([{"introduced": "not-a-version"}], ["1.0"], []),
    ],
)
def test_a_range_is_compared_as_versions_are(
    tmp_path: Path, events: list[dict[str, str]], inside: list[str], outside: list[str]
) -> None:
    write_database(tmp_path, advisory("PYSEC-1", "some", events))
    assert [version for version in inside if not ids(tmp_path, "some", version)] == []
    assert [version for version in outside if ids(tmp_path, "some", version)] == []


def test_a_version_that_is_listed_is_found_however_it_is_spelt(tmp_path: Path) -> None:
    content = advisory("PYSEC-1", "some", FIXED_IN_2)
    content["affected"][0]["versions"] = ["4.0.0", "2004d", "5.0-rc1"]
    write_database(tmp_path, content)
    assert ids(tmp_path, "some", "4.0") == ids(tmp_path, "some", "5.0rc1") == ["PYSEC-1"]
    assert ids(tmp_path, "some", "4.1") == []


def test_a_package_is_found_however_it_is_spelt(tmp_path: Path) -> None:
    write_database(tmp_path, advisory("PYSEC-1", "Some_Package", FIXED_IN_2))
    assert ids(tmp_path, "some-package", "1.0") == ["PYSEC-1"]
    assert ids(tmp_path, "other", "1.0") == []


def other_form(content: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_the_json_of_osv_and_of_github_is_read_too(tmp_path: Path) -> None:
    other_form(advisory("GHSA-1", "some", FIXED_IN_2), tmp_path / "GHSA-1.json")
    reviewed = tmp_path / "advisories" / "github-reviewed" / "2024" / "05" / "GHSA-2"
    other_form(advisory("GHSA-2", "some", FIXED_IN_2), reviewed / "GHSA-2.json")
    npm = advisory("GHSA-3", "some", FIXED_IN_2)
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    other_form(npm, tmp_path / "GHSA-3.json")
    assert sorted(ids(tmp_path, "some", "1.0")) == ["GHSA-1", "GHSA-2"]
    assert len(read_database(tmp_path).advisories) == 2


def test_a_time_without_quotes_is_read_too(tmp_path: Path) -> None:
    now = datetime(2024, 6, 1, tzinfo=timezone.utc)
    write_database(tmp_path, advisory("PYSEC-1", "some", FIXED_IN_2, modified=now, withdrawn=now))
    assert read_database(tmp_path).newest == date(2024, 6, 1)


def test_how_old_it_is_is_the_day_of_its_last_change(tmp_path: Path) -> None:
    later = advisory("PYSEC-2", "some", FIXED_IN_2, modified="2024-06-01T00:00:00Z")
    write_database(tmp_path, advisory("PYSEC-1", "some", FIXED_IN_2), later)
    assert read_database(tmp_path).newest == date(2024, 6, 1)


@pytest.mark.parametrize(
    "text",
    [
        "id: [",
        "",
        "- a list",
        "id: PYSEC-1\nmodified: some day\n",
        "id: PYSEC-1\nmodified: 2024-02-31T00:00:00Z\n",
        "id: PYSEC-1\nmodified: 2024-02-01T00:00:00Z\naffected: [{package: 1.5}]\n",
        "id: \x00",
        "[" * 100_000,
    ],
)
def test_a_file_that_can_not_be_read_is_named_and_not_passed_over(
    tmp_path: Path, text: str
) -> None:
    write_database(tmp_path, advisory("PYSEC-1", "some", FIXED_IN_2))
    (tmp_path / "vulns" / "some" / "PYSEC-2.yaml").write_text(text)
    with pytest.raises(InputCorruptError, match=r"PYSEC-2\.yaml is no advisory .*get the copy"):
        read_database(tmp_path)


def test_bytes_that_are_no_text_are_refused_in_json_too(tmp_path: Path) -> None:
    (tmp_path / "GHSA-1.json").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(InputCorruptError, match=r"GHSA-1\.json is no advisory"):
        read_database(tmp_path)


def test_a_folder_without_advisories_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SettingsError, match="has no advisories of Python packages"):
            read_database(folder)
