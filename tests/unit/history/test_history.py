"""What `invoke history` shows: each run, how it differs, and two of them beside each other."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docker.share.history import history_text
from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.common.summaries import summaries
from stages.common.text import WIDTH
from stages.errors import InputCorruptError, InputMissingError, SchemaVersionError, SettingsError
from stages.files.checksums import write_checksums
from stages.folder import history
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.history import runs
from stages.history.conditions import in_few_words
from stages.history.runs import Run
from stages.history.table import NOT_KNOWN, SAME, UNLIKE, compared, listed
from stages.records.base import Provenance
from stages.records.cell import Reason
from stages.records.profile import ModelSummary, ProfileRecord
from stages.stage_folders import ProfileFolder
from tests.commands import invoke
from tests.unit.records import HOST, SOURCE, exactly, measured, profile, repeat, run

FIRST, SECOND, THIRD = "2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z", "2026-11-26T10:00:00Z"
FOURTH = "2026-11-27T10:00:00Z"
SAME_SETTINGS = {"rounds": 0, "strict": False}


def record_of(made: str, rate: float, runtime: str = "itex", **changes: Any) -> ProfileRecord:
    settings = changes.pop("settings", {})
    host = changes.pop("host", HOST)
    record = profile(measured("int8", "AVX2", rate, 0.9), runtime=runtime, host=host)
    made_by = Provenance(made=made, settings=settings, **changes.pop("maker", {}))
    return replace(record, maker=made_by, **changes)


def measure(root: Path, record: ProfileRecord) -> None:
    with writing(root, "profile") as artifacts:
        folder = artifacts.profile(record.runtime).path
        with handing_over(folder, keep=history.keep) as partial:
            made = ProfileFolder(partial)
            write_record(made.record, record)
            for path, summary in zip(
                (made.summary_fp32, made.summary_int8), summaries(record), strict=False
            ):
                write_record(path, summary)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "artifacts"
    measure(root, record_of(FIRST, 4.0, settings={"rounds": 2, "strict": False}))
    measure(root, record_of(SECOND, 5.0, settings={"rounds": 0, "strict": False}))
    measure(root, record_of(THIRD, 6.0, settings={"rounds": 0, "strict": False}))
    return root


def test_all_are_listed_the_current_one_first(root: Path) -> None:
    lines = history_text(root, "").splitlines()
    assert lines[0] == "itex"
    assert [line.split()[0] for line in lines[2:5]] == [THIRD, SECOND, FIRST]
    assert [line.split()[-1] for line in lines[2:5]] == ["current", "alike", "differs"]
    assert lines[5:] == [f"{FIRST}  differs: rounds 2"]


def test_what_forbids_to_compare_is_said_before_what_does_not() -> None:
    of_cells = {"isas": ["AVX2", "AVX512_CORE", "AVX512_CORE_VNNI"], "precisions": ["fp32"]}
    given = {**of_cells, "all_cells": True, "rounds": 3, "round_duration_s": 10.0}
    said = in_few_words(record_of(FIRST, 4.0, settings=given), record_of(SECOND, 5.0, settings={}))
    assert said.startswith("round_duration_s 10, isas AVX2,AVX512_CORE,..., precisions fp32")
    assert said.endswith(", 2 more settings")


def test_each_runtime_has_a_list_of_its_own(root: Path) -> None:
    measure(root, record_of(FIRST, 4.0, "stock"))
    assert [part.splitlines()[0] for part in history_text(root, "").split("\n\n")] == [
        "itex",
        "stock",
    ]


def test_the_headline_is_that_of_the_summaries(root: Path) -> None:
    cells = [measured("fp32", "AVX2", 2.0), measured("int8", "AVX2", 8.0)]
    measure(root, record_of(FOURTH, 8.0, cells=cells, labels=[0] * 100))
    shown = "8.00, 2.00 4.00x (4.00-4.00) 2 yes current"
    assert history_text(root, "").splitlines()[2].split() == [FOURTH, *shown.split()]


def test_cells_of_unlike_numbers_of_rounds_have_the_range_of_them(root: Path) -> None:
    cells = [measured("fp32", "AVX2", 2.0), measured("int8", "AVX2", 8.0)]
    first = cells[0].measurement
    assert first
    offline = replace(first.offline, runs=[run(2.0, number) for number in range(1, 6)])
    cells[0] = replace(cells[0], measurement=replace(first, offline=offline))
    record = record_of(FOURTH, 8.0, cells=cells, labels=[0] * 100)
    shown = listed([Run("itex", True, ProfileFolder(root), record)])
    assert shown.splitlines()[2].split()[-3:] == ["2-5", "yes", "current"]


def test_the_headline_is_that_of_the_measurements_whatever_the_summaries_say(root: Path) -> None:
    cells = [measured("fp32", "AVX2", 2.0), measured("int8", "AVX2", 8.0)]
    measure(root, record_of(FOURTH, 8.0, cells=cells, labels=[0] * 100))
    folder = Artifacts(root).profile("itex")
    summary = read_record(folder.summary_int8, ModelSummary)
    write_record(folder.summary_int8, replace(summary, throughput=99.9))
    write_checksums(folder.path)
    assert " 8.00, 2.00 " in history_text(root, "").splitlines()[2]


def test_one_in_doubt_is_listed_with_the_reason(root: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 2.0})
    measure(root, record_of(FOURTH, 6.0, repeat=repeat(trusted=False, reasons=[few])))
    lines = history_text(root, "").splitlines()
    assert lines[2].split()[-2:] == ["NO", "current"]
    assert lines[-1] == f"{FOURTH}  trusted: NO: 2 rounds are too few to estimate noise"


def test_a_ratio_of_too_few_rounds_is_said_to_have_no_interval(root: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 2.0})
    measure(root, record_of(FOURTH, 6.0, repeat=repeat(trusted=False, reasons=[few])))
    text = history_text(root, "current,2026-11-24")
    assert "after/before: 2 rounds are too few for an interval of 95%" in text


def test_beside_a_run_of_one_round_there_is_no_interval(root: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 1.0})
    measure(root, record_of(FOURTH, 6.0, repeat=repeat(trusted=False, reasons=[few])))
    text = history_text(root, "current,2026-11-24")
    assert "after/before: one round: no interval\n" in text


def test_one_that_rounds_were_added_to_says_in_how_many_parts(root: Path) -> None:
    measure(root, replace(record_of(FOURTH, 6.0), added_to=[THIRD]))
    assert "2, in 2 parts" in history_text(root, "").splitlines()[2]


@pytest.mark.parametrize("when", ["2026-11-25", "20261125", "2026-11-25T10:00:00Z,current"])
def test_an_earlier_one_is_set_against_the_current(root: Path, when: str) -> None:
    lines = history_text(root, when).splitlines()
    assert lines[:3] == [
        f"before: {SECOND}, itex",
        f"after:  {THIRD}, itex, the current one",
        SAME,
    ]
    row = "AVX2 int8 5.00, 6.00 1.20x (1.20-1.20) 200.0, 166.7 90.0%, 90.0%"
    assert lines[-1].split() == row.split()


def test_two_earlier_ones_are_compared_in_the_order_given(root: Path) -> None:
    assert "0.80x" in history_text(root, "2026-11-25,2026-11-24")
    assert "0.67x" in history_text(root, "current,2026-11-24")
    assert "other runs may lie outside" in history_text(root, "current,2026-11-24")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"host": replace(HOST, cpu_model="Another CPU")},
            "machine: CPU is Another CPU, was A CPU",
        ),
        (
            {"host": replace(HOST, memory_limit_gib=4.0)},
            "limit: memory is 4.0 GiB, was none",
        ),
        ({"host": replace(HOST, container=True)}, "runner: in a container is on, was off"),
        (
            {"host": replace(HOST, versions={"python": "3.12"})},
            "version: python is 3.12, was 3.11.2",
        ),
        ({"maker": {"source": "1" * 64}}, "program: its source changed"),
        ({"maker": {"version": "9.9"}}, "program: this project is 9.9, was not given"),
        ({"maker": {"packages": {"numpy": "9"}}}, "version: numpy is 9, was not there"),
        ({"data": replace(SOURCE, sha256="1" * 64)}, "data: its checksum changed"),
        ({"settings": {"rounds": 0, "strict": True}}, "setting: strict is on, was off"),
        (
            {"settings": {"rounds": 0, "strict": False, "round_duration_s": 60.0}},
            "setting: round_duration_s is 60, was not there",
        ),
    ],
)
def test_what_is_unlike_is_shown_and_marked(root: Path, changes: Any, words: str) -> None:
    measure(root, record_of(FOURTH, 12.0, **{"settings": SAME_SETTINGS, **changes}))
    lines = history_text(root, "2026-11-26").splitlines()
    assert lines[2:4] == [UNLIKE, f"  {words}"]
    assert "2.00x" in lines[-1]
    kind = words.partition(":")[0]
    differs = "strict off" if "strict" in words else f"another {kind}"
    if "round_duration" in words:
        differs = "round_duration_s none"
    assert f"differs: {differs}" in history_text(root, "")


def test_what_an_earlier_stage_left_may_be_the_same_model(root: Path) -> None:
    measure(root, record_of(FOURTH, 12.0, settings=SAME_SETTINGS, quantize_sha256="1" * 64))
    lines = history_text(root, "2026-11-26").splitlines()
    assert lines[2:4] == [NOT_KNOWN, "  origin of the model: what quantize left changed"]
    assert "differs: another origin of the model" in history_text(root, "")
    host = replace(HOST, kernel="6.6")
    more = record_of("2026-11-28T10:00:00Z", 12.0, settings=SAME_SETTINGS, host=host)
    measure(root, more)
    assert history_text(root, "2026-11-27").splitlines()[2] == UNLIKE


def test_runs_of_other_cells_and_rounds_may_be_compared(root: Path) -> None:
    settings = {"rounds": 0, "strict": False, "precision_goal": 0.01, "isas": ["AVX2"]}
    measure(root, record_of(FOURTH, 12.0, settings=settings))
    assert history_text(root, "2026-11-26").splitlines()[2] == SAME


@pytest.mark.parametrize(
    ("rate", "row"), [(0.0, "0.00, 6.00 -"), (1e-100, "1.00e-100, 6.00 6.00e+100x")]
)
def test_a_rate_of_nothing_has_no_ratio_and_an_odd_one_is_short(
    root: Path, rate: float, row: str
) -> None:
    cell = measured("int8", "AVX2", 4.0, 0.9)
    assert cell.measurement
    offline = cell.measurement.offline
    offline = replace(
        offline,
        throughput_images_per_s=exactly(rate),
        runs=[replace(run, rate_per_s=rate) for run in offline.runs],
    )
    cell = replace(cell, measurement=replace(cell.measurement, offline=offline))
    runs = [Run("itex", one, ProfileFolder(root), record_of(FOURTH, 6.0)) for one in (True, False)]
    before = replace(runs[1], record=record_of(FIRST, 6.0, cells=[cell]))
    shown = compared(before, runs[0]).splitlines()[-1]
    assert " ".join(shown.split()).startswith(f"AVX2 int8 {row} ")
    assert len(shown) < 200


def test_a_cell_of_only_one_of_them_is_left_out(root: Path) -> None:
    cell, twice = measured("fp32", "AVX2", 1.0), repeat(precision="fp32")
    measure(root, record_of(FOURTH, 6.0, cells=[cell], repeat=twice))
    assert history_text(root, "2026-11-26").endswith("no cell was measured in both")


@pytest.mark.parametrize(
    ("when", "words"), [("2025", "no measurement begins with '2025'"), ("2026", "3 begin with")]
)
def test_a_time_that_names_none_lists_those_there_are(root: Path, when: str, words: str) -> None:
    with pytest.raises(InputMissingError, match=rf"{words}.*{THIRD} \(itex\), {SECOND} \(itex\)"):
        history_text(root, when)


@pytest.mark.parametrize(
    ("when", "ratio"),
    [
        ("20261124T100000Z-1", "0.75x"),
        ("2026-11-24T10:00:00Z-1", "0.75x"),
        ("2026-11-24T10:00:00Z", "1.50x"),
        ("20261124T100000Z,20261124T100000Z-1", "2.00x"),
    ],
)
def test_two_of_one_second_are_told_apart_by_what_the_list_shows(
    tmp_path: Path, when: str, ratio: str
) -> None:
    for made, rate in ((FIRST, 4.0), (FIRST, 8.0), (THIRD, 6.0)):
        measure(tmp_path, record_of(made, rate))
    lines = history_text(tmp_path, "").splitlines()
    assert [line.split()[0] for line in lines[2:]] == [THIRD, f"{FIRST}-1", FIRST]
    assert ratio in history_text(tmp_path, when)


@pytest.mark.parametrize("when", ["current", "current,current", "2026-11-26", ",", "a,b,c"])
def test_what_names_no_two_is_refused(root: Path, when: str) -> None:
    with pytest.raises(SettingsError, match="compare can't be"):
        history_text(root, when)


@pytest.mark.parametrize("when", ["https://me:secret@host/x", "2026-11-24,me:secret,secret@host"])
def test_an_address_in_place_of_a_time_is_not_repeated(root: Path, when: str) -> None:
    with pytest.raises(SettingsError, match="compare can't be") as error:
        history_text(root, when)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("when", ["current", FIRST, f"{FIRST},current"])
def test_one_alone_can_not_be_compared(when: str, tmp_path: Path) -> None:
    measure(tmp_path / "artifacts", record_of(FIRST, 4.0))
    with pytest.raises(InputMissingError, match=f"no measurement but that of {FIRST}; measure"):
        history_text(tmp_path / "artifacts", when)


def test_without_any_the_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"artifacts is no folder; run the pipeline first"):
        history_text(tmp_path / "artifacts", "")
    (tmp_path / "artifacts").mkdir()
    with pytest.raises(InputMissingError, match="run the profile stage first"):
        history_text(tmp_path / "artifacts", "")


def damage(root: Path, text: bytes, listed: bool = True) -> None:
    folder = root / "history" / "profile" / "20261124T100000Z"
    (folder / "measurements.json").write_bytes(text)
    if listed:
        write_checksums(folder)


@pytest.mark.parametrize(
    ("text", "listed", "error"),
    [
        (b"{}", False, InputCorruptError),
        (b"[" * 100_000, True, InputCorruptError),
        (b'{"schema_version": 6}', True, SchemaVersionError),
    ],
)
def test_a_damaged_one_is_named_and_the_others_shown(
    root: Path, text: bytes, listed: bool, error: type[Exception]
) -> None:
    damage(root, text, listed)
    lines = history_text(root, "").splitlines()
    assert lines[4].startswith("20261124T100000Z  ")
    assert "can't be read" in lines[4]
    with pytest.raises(error, match=r"; remove .*20261124T100000Z$"):
        history_text(root, "2026-11-24")


def test_one_that_may_not_be_read_is_named_and_the_others_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(folder: Path, *_: object) -> str:
        if folder.parent.parent.name == "history":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder / "SHA256SUMS"))
        return verify(folder)

    monkeypatch.setattr(runs, "verify", denied)
    rows = history_text(root, "").splitlines()[2:5]
    assert ["can't be read" in row for row in rows] == [False, True, True]


def test_one_of_another_runtime_is_no_run_of_this_one(root: Path) -> None:
    measure(root, record_of(FIRST, 4.0, "stock"))
    (root / "profile-stock").rename(root / "history" / "profile" / "20261120T100000Z")
    assert "is of runtime stock" in history_text(root, "").splitlines()[-1]


def test_a_huge_record_is_not_read(root: Path) -> None:
    path = root / "history" / "profile" / "20261124T100000Z" / "measurements.json"
    with path.open("r+b") as stream:
        stream.truncate(2**28 + 1)
    write_checksums(path.parent)
    assert "can't be read" in history_text(root, "").splitlines()[4]


def test_the_command_needs_no_engine(root: Path) -> None:
    done = invoke("history", "--compare", "2026-11-24", variables={"VGG19_ARTIFACTS": str(root)})
    assert done.code == 0, done
    assert "1.50x" in done.output


def test_no_line_is_wider_than_a_terminal(root: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 2.0})
    settings = {"rounds": 2, "strict": True, **{f"a_setting_{number}": 1.0 for number in range(9)}}
    parts = repeat(trusted=False, reasons=[few])
    many = record_of(FOURTH, 12345.6, repeat=parts, settings=settings)
    measure(root, replace(many, added_to=[THIRD]))
    texts = [history_text(root, ""), history_text(root, FIRST)]
    assert max(len(line) for text in texts for line in text.splitlines()) <= WIDTH


def test_a_run_is_not_compared_with_itself_and_more_rounds(root: Path) -> None:
    measure(root, replace(record_of(FOURTH, 6.0), added_to=[SECOND, THIRD]))
    with pytest.raises(SettingsError, match="have rounds of one measurement"):
        history_text(root, THIRD)
    assert "1.50x" in history_text(root, FIRST)


def test_the_current_one_alone_is_no_comparison(root: Path) -> None:
    with pytest.raises(SettingsError, match="can't be 'current' alone; name an earlier one"):
        history_text(root, "current")
