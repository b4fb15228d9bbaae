"""A second comparison of the same shows the first one again; the pictures are a stand-in's."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.compare import __main__ as program
from stages.files.checksums import write_checksums
from stages.folder.handover import handing_over
from stages.records.compare import CompareRecord
from stages.records.profile import ModelSummary
from stages.stage_folders import RehearseFolder
from tests.unit.compare.test_inputs import make_profile
from tests.unit.records import HOST
from tests.unit.rehearse.recordings import rehearsal


class Stage:
    """Profiles to compare, and how often they were."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.artifacts, self.runs, self._patch = Artifacts(root), 0, patch
        patch.setattr(program, "_draw", self._draw)
        patch.setattr(program, "_write_page", lambda *_: None)
        patch.setenv("VGG19_ARTIFACTS", str(root))
        make_profile(self.artifacts, "itex")

    def run(self, *arguments: str) -> None:
        self._patch.setattr("sys.argv", ["compare", *arguments])
        program.main()

    def rehearse(self, folder: Path) -> None:
        sums = [verify(self.artifacts.train.path), verify(self.artifacts.quantize("itex").path)]
        with handing_over(self.artifacts.rehearse.path) as partial:
            write_record(RehearseFolder(partial).record, rehearsal(folder, *sums))

    def _draw(self, *_: object) -> None:
        self.runs += 1


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path / "artifacts", monkeypatch)
    made.run()
    return made


def test_it_is_shown_again_with_when_it_was_measured(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(stage.artifacts.compare.path)
    capsys.readouterr()
    stage.run()
    again = capsys.readouterr().out
    assert stage.runs == 1
    assert verify(stage.artifacts.compare.path) == before
    head, _, text = again.partition("\n")
    assert head.startswith("compare: current, made 20")
    assert "measured  2026-11-26 17:24 UTC\n" in text
    assert text.startswith("INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32 here")


def test_another_profile_is_compared(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    make_profile(stage.artifacts, "itex", replace(HOST, memory_gib=48.0))
    stage.run()
    assert stage.runs == 2
    assert "compare: runs again: what profile left (itex) changed\n" in capsys.readouterr().out


def test_a_second_runtime_is_compared(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    make_profile(stage.artifacts, "stock")
    stage.run()
    stage.run()
    assert stage.runs == 2
    assert "compare: runs again: what profile left (stock) changed\n" in capsys.readouterr().out


def test_a_rehearsal_that_came_since_is_shown(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.rehearse(tmp_path)
    stage.run()
    stage.run()
    assert stage.runs == 2
    assert "compare: runs again: what rehearse left changed\n" in capsys.readouterr().out


def test_forced_it_leaves_every_byte_if_it_comes_out_as_before(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(stage.artifacts.compare.path)
    stage.run("--force", "compare")
    assert stage.runs == 2
    assert verify(stage.artifacts.compare.path) == before


def test_an_edited_table_is_made_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    log = stage.artifacts.compare.log
    log.write_text(log.read_text().replace("20.00", "99.00"))
    stage.run()
    shown = capsys.readouterr().out
    assert "compare.log is missing or differs from SHA256SUMS\n" in shown
    assert "99.00" not in shown + log.read_text()


@pytest.mark.parametrize("content", [b"\x1b[2J99.90 images/s\n", b"\xff\n", None])
def test_a_table_that_is_not_what_the_profiles_give_is_made_again_whatever_its_checksum(
    stage: Stage, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    log = stage.artifacts.compare.log
    before = log.read_bytes()
    log.unlink()
    if content:
        log.write_bytes(content)
    write_checksums(log.parent)
    capsys.readouterr()
    stage.run()
    shown = capsys.readouterr().out
    assert "compare: runs again: compare.log is not what the profiles give\n" in shown
    assert log.read_bytes() == before
    assert "\x1b" not in shown
    assert "99.90" not in shown


@pytest.mark.parametrize("name", ["summary.csv", "summary.md"])
def test_a_table_for_tools_that_is_missing_or_edited_is_made_again(
    stage: Stage, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = stage.artifacts.compare.path / name
    before = path.read_bytes()
    path.write_bytes(before.replace(b"20.0", b"99.0"))
    write_checksums(path.parent)
    stage.run()
    assert f"compare: runs again: {name} is not what the profiles give\n" in capsys.readouterr().out
    assert path.read_bytes() == before
    path.unlink()
    write_checksums(path.parent)
    stage.run()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "edit", [{"throughput": 99.9, "trusted": True}, {"isa": "AVX512_CORE"}, {}]
)
def test_the_headline_is_that_of_the_measurements_whatever_the_summaries_say(
    stage: Stage, capsys: pytest.CaptureFixture[str], edit: dict[str, Any]
) -> None:
    profile = stage.artifacts.profile("itex")
    if edit:
        summary = read_record(profile.summary_int8, ModelSummary)
        write_record(profile.summary_int8, replace(summary, **edit))
    else:
        profile.summary_int8.unlink()
    write_checksums(profile.path)
    stage.run()
    assert "INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32" in capsys.readouterr().out


def test_an_edited_record_is_made_again_whatever_its_checksum(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stage.artifacts.compare.record
    write_record(path, replace(read_record(path, CompareRecord), rows=[]))
    write_checksums(path.parent)
    stage.run()
    shown = capsys.readouterr().out
    assert "compare: runs again: compare.json is not what the profiles give\n" in shown
    assert read_record(path, CompareRecord).rows


def test_the_whole_text_is_shown_if_it_is_asked_for_and_alters_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    log, before = stage.artifacts.compare.log, verify(stage.artifacts.compare.path)
    capsys.readouterr()
    stage.run()
    short = capsys.readouterr().out
    stage.run("--long")
    long = capsys.readouterr().out
    assert log.read_text() in long
    assert log.read_text() not in short
    answer = "INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32 here"
    assert [text.splitlines()[1].startswith(answer) for text in (short, long)] == [True, True]
    assert verify(stage.artifacts.compare.path) == before


def test_one_that_is_quiet_shows_the_answer_alone(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGES_QUIET", "1")
    monkeypatch.setattr("sys.stdout", sys.stdout)  # so that it is as before when the test ends
    capsys.readouterr()
    stage.run()
    sys.stdout.close()  # where all else went
    monkeypatch.undo()
    shown = capsys.readouterr()
    assert shown.out.startswith("INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32 here")
    assert len(shown.out.splitlines()) == 2
    assert shown.err == ""
