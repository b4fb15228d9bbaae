"""The stage as a whole; it draws, so it needs matplotlib, which only compare's image has."""

from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record, verify
from stages.errors import NotTrustedError
from stages.records.compare import CompareRecord
from tests.unit.compare.profiles import UNEQUAL
from tests.unit.compare.test_inputs import make_profile
from tests.unit.records import repeat

pytestmark = pytest.mark.image


def place(artifacts: Artifacts) -> str:
    what = "compare.log with all columns, the page report.html, and pictures"
    return f"compare: {what} are in {artifacts.compare.path}\n"


@pytest.mark.parametrize("runtimes", [["itex"], ["itex", "stock"]])
def test_it_leaves_what_it_prints_and_the_pictures(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runtimes: list[str],
) -> None:
    from stages.compare.__main__ import main

    artifacts = Artifacts(tmp_path)
    for runtime in runtimes:
        make_profile(artifacts, runtime)
    monkeypatch.setattr("sys.argv", ["compare", "--artifacts", str(tmp_path)])
    main()
    verify(artifacts.compare.path)
    assert list(read_record(artifacts.compare.record, CompareRecord).versions) == runtimes
    shown = capsys.readouterr().out
    assert shown.endswith(place(artifacts))
    assert artifacts.compare.log.read_text() not in shown
    pictures = (artifacts.compare.absolute, artifacts.compare.times, artifacts.compare.ladder)
    assert all(path.is_file() for path in pictures)
    assert all(path.with_suffix(".svg").is_file() for path in pictures)
    assert "<svg" in artifacts.compare.page.read_text()
    assert not artifacts.compare.rehearsal.exists()


@pytest.mark.parametrize(
    ("runtimes", "which"), [(["stock"], "this run"), (["itex", "stock"], "the run by stock")]
)
def test_a_run_that_is_not_to_be_trusted_is_shown_and_handed_over_and_ends_with_a_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runtimes: list[str],
    which: str,
) -> None:
    from stages.compare.__main__ import main

    artifacts = Artifacts(tmp_path)
    doubtful = repeat(trusted=False, reasons=[UNEQUAL])
    for runtime in runtimes:
        make_profile(artifacts, runtime, repeated=doubtful if runtime == "stock" else None)
    monkeypatch.setattr("sys.argv", ["compare", "--artifacts", str(tmp_path)])
    said = f"{which} is not to be trusted: the same cell gave other classes"
    with pytest.raises(NotTrustedError, match=said):
        main()
    verify(artifacts.compare.path)
    named = "stock: " if len(runtimes) > 1 else ""
    answer = f"\n{named}THIS RUN IS NOT TO BE TRUSTED. INT8 runs 4.00 times "
    assert answer in capsys.readouterr().out
