"""The whole forecast, as `invoke pipeline --dry-run` prints it."""

import re
from pathlib import Path

import pytest

from docker.paths import ROOT
from stages.command_line import load
from stages.common.text import WIDTH
from stages.doctor import memory_check
from stages.forecast import cells
from stages.forecast.duration import OF_README
from stages.forecast.text import forecast
from stages.isa import LADDER
from stages.setting.programs import DOWNLOAD, STAGES
from stages.settings import needs_download

FLAGS = frozenset(flag for isa in LADDER[:4] for flag in isa.flags)


def shown(folder: Path, monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    for module in (cells, memory_check):
        monkeypatch.setattr(module, "cpu_flags", lambda: FLAGS)
    settings = load({}, {"artifacts": str(folder / "artifacts"), **given})
    programs = [*([DOWNLOAD] if needs_download(settings) else []), *STAGES]
    return forecast(settings, programs, [("images", "all are there")])


def test_it_names_stages_cells_memory_disk_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(tmp_path, monkeypatch)
    rows = [re.split("  +", line, maxsplit=1) for line in text.splitlines()]
    said = {row[0]: row[1] for row in rows if len(row) == 2 and row[0]}
    assert [*said][:4] == [*STAGES]
    assert said["profile"] == "runs, 5 minutes: nothing is there yet"
    assert said["capped at AVX512_CORE_VNNI"] == "int8"
    assert (
        said["not run: bf16 int8_bf16 AVX2"] == "oneDNN has no BF16 convolution below AVX512_CORE"
    )
    assert said["measured twice"].startswith("int8 capped at ")
    assert "GiB" in said["memory"]
    assert "GiB are free in " in " ".join(text.split())
    assert said["images"] == "all are there"
    assert said["time"] == "about 9 minutes (by the defaults on README's machine, of two cores)"
    assert max(map(len, text.splitlines())) <= WIDTH or str(tmp_path) in text
    assert not (tmp_path / "artifacts").exists()


def test_rounds_by_mlperfs_rules_take_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(tmp_path, monkeypatch, strict="true")
    (line,) = [line for line in text.splitlines() if line.startswith("profile ")]
    assert re.search(r"  runs, at least \d+ hours: nothing", line)


def test_what_is_downloaded_is_said_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"data": "tf_flowers", "backbone": "https://me:secret@h/m"}
    text = shown(tmp_path, monkeypatch, **given)
    assert "the data tf_flowers and the backbone https://***@h/m" in " ".join(text.split())
    assert "secret" not in text


def test_if_no_cell_can_run_the_reasons_are_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(tmp_path, monkeypatch, isas="AVX512_CORE_AMX")
    assert "capped at" not in text
    assert re.search(r"^not run: fp32 bf16 int8 int8_bf16  no ", text, re.MULTILINE)
    assert "memory" not in text


def test_the_times_are_those_that_the_readme_has() -> None:
    found = re.search(
        r"train ([\d.]+), quantize ([\d.]+), profile ([\d.]+)", (ROOT / "README.md").read_text()
    )
    assert found
    minutes = dict(zip(STAGES, map(float, found.groups()), strict=False))
    assert {name: 60 * value for name, value in minutes.items()} == {
        name: OF_README[name] for name in minutes
    }
