"""The other campaigns count each fault, too; and the real code stands a short one of each."""

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from stages.errors import DiskFullError, InputCorruptError
from tests.campaigns import bundles, flips, full, pair_kinds, pairs, product, report
from tests.campaigns.damage import damage
from tests.campaigns.folders import copied
from tests.campaigns.limits import MIB
from tests.campaigns.product import LOCAL, RUNNERS
from tests.campaigns.tries import (
    FAULTS,
    FILES,
    LOST,
    RUNNING,
    TRACEBACK,
    UNCLEAR,
    WRONG,
    Bench,
    Case,
    Options,
    Try,
    carry_out,
)
from tests.commands import ROOT, run_in
from tests.unit.campaigns.conftest import FAKE, Tried, fake_invoke

IN_PROCESS = ("models", "images", "records", "logs", "lists of checksums")
FLIPS = 50


def refused() -> None:
    raise InputCorruptError("/artifacts/train/train.json differs; run train again")


def broken() -> None:
    raise KeyError("train")


def refused_otherwise() -> None:
    raise DiskFullError("train.json: no space left; free some")


@pytest.mark.parametrize(
    ("check", "faults"),
    [
        (refused, []),
        (broken, [TRACEBACK]),
        (refused_otherwise, [UNCLEAR]),
        (lambda: None, [WRONG]),
    ],
)
def test_a_flip_must_be_refused_by_name(
    check: Callable[[], None], faults: list[str], tried: Tried
) -> None:
    made = tried(lambda bench: flips.judge_refusal(bench, check, "train.json"))
    assert [*made.faults] == faults


def test_a_refusal_must_name_the_file_that_was_flipped(tried: Tried) -> None:
    made = tried(lambda bench: flips.judge_refusal(bench, refused, "test.npz"))
    assert [*made.faults] == [UNCLEAR]


def test_damage_changes_a_file_and_is_the_same_by_the_same_seed(
    options: Options, tmp_path: Path
) -> None:
    made = []
    for _ in range(2):
        path = tmp_path / "file"
        path.write_bytes(bytes(range(200)))
        bench = Bench(tmp_path, random.Random("7"), options)
        damage(bench, path, "file")
        made.append(path.read_bytes())
    assert made[0] == made[1] != bytes(range(200))


def test_no_flip_of_a_short_campaign_is_accepted(options: Options) -> None:
    plan = [case for case in flips.cases(replace(options, tries=FLIPS)) if case.row in IN_PROCESS]
    tries = [carry_out("flips", case, options) for case in plan]
    assert len(tries) >= 40
    assert [made for made in tries if made.faults or made.skipped] == []


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if this machine has one: there it takes no time to reach the disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


FEW_FILES = """
import sys
from tests.campaigns import __main__, handover
handover.NUM_FILES, handover.KILLS = 5, 20
sys.exit(__main__.main())
"""


def test_a_short_campaign_of_kills_in_the_hand_over_loses_nothing(quick_folder: Path) -> None:
    output = quick_folder / "tries.json"
    arguments = ("handover", "--tries=40", f"--folder={quick_folder}", f"--output={output}")
    done = run_in(ROOT, "-c", FEW_FILES, *arguments)
    assert done.code == 0, done
    counts = [made["count"] for made in json.loads(output.read_text())]
    assert counts[0] > 20
    assert counts[1:] == [20, 20]


IN_PLACE = """
import shutil, sys
from contextlib import contextmanager
from tests.campaigns import __main__, handover
from stages.folder.handover import write_checksums

@contextmanager
def in_place(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder
    write_checksums(folder)

handover.handing_over, handover.NUM_FILES = in_place, 5
sys.exit(__main__.main())
"""


def test_a_hand_over_that_writes_in_place_is_found_out(quick_folder: Path) -> None:
    arguments = ("handover", "--tries=1", f"--folder={quick_folder}")
    done = run_in(ROOT, "-c", IN_PLACE, *arguments)
    assert done.code == 1, done
    row = re.search(r"before each file operation \| (\d+) \| 1 \| 0 \|", done.output)
    assert row, done
    assert int(row[1]) > 10


HOSTILE = {
    "refuses": [],
    "reaches outside": [FILES],
    "is well": [WRONG],
    "fails with a traceback": [TRACEBACK],
    "hangs": [RUNNING],
    "refuses without a word": [UNCLEAR],
}


@pytest.mark.parametrize(("way", "faults"), HOSTILE.items())
def test_a_hostile_bundle_must_be_refused_and_stay_inside(
    way: str, faults: list[str], tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "invoke", fake_invoke(way))
    monkeypatch.setattr(bundles, "ROOT", FAKE.parent)
    if way == "hangs":
        monkeypatch.setattr(bundles, "LIMIT_S", 0.5)
    made = tried(bundles.Hostile({0: ("a bundle", Path("bundle.tar"))}, 0))
    assert [*made.faults] == faults


def pair_of(*ways: str, damaged: bool = False) -> Callable[[Bench, str], pair_kinds.Pair]:
    """Return what makes a pair of stand-ins, which do as the next command does."""

    def make(bench: Bench, _: str) -> pair_kinds.Pair:
        root = copied(product.finished(bench.options, LOCAL), bench.folder / "artifacts")
        if damaged:
            (root / "train" / "train.json").write_text("{}")
        environ = product.environment(root, bench.folder / "tmp", LOCAL)
        (bench.folder / "ended").touch()
        one, other = (pair_kinds.One(fake_invoke(way)("compare"), environ) for way in ways)
        return pair_kinds.Pair((one, other), [root])

    return make


@pytest.mark.parametrize(
    ("make", "faults"),
    [
        (pair_of("is well", "is well"), []),
        (pair_of("is well", "refuses"), []),
        (pair_of("refuses", "refuses"), [UNCLEAR]),
        (pair_of("is well", "fails with a traceback"), [TRACEBACK]),
        (pair_of("is well", "is well", damaged=True), [LOST]),
    ],
)
def test_of_two_at_once_one_may_be_refused(
    make: Callable[[Bench, str], pair_kinds.Pair],
    faults: list[str],
    tried: Tried,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairs, "MAX_DELAY_S", 0.0)
    assert [*tried(pairs.Together(make, LOCAL)).faults] == faults


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a file system")
@pytest.mark.parametrize(("code", "faults"), [(8, []), (13, [UNCLEAR])])
def test_a_full_disk_must_be_called_so(
    code: int, faults: list[str], tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_fake(bench: Bench, argv: list[str], *_: object) -> tuple[int, str]:
        first = not bench.codes
        return (code, "train: error: no space left; free some") if first else (0, "")

    monkeypatch.setattr(full, "ended", run_fake)
    monkeypatch.setattr(full, "ROOMY", MIB)
    made = tried(full.FullStage("train", LOCAL, 0.0, 0.5))
    assert made.skipped in ("", "no file system can be mounted here")
    assert made.skipped or [*made.faults] == faults


def test_the_table_counts_tries_and_faults_by_row(tmp_path: Path) -> None:
    def made(row: str, count: int = 1, skipped: str = "", **faults: str) -> Try:
        seen = {kind: "seen" for kind in FAULTS if kind.replace(" ", "_") in faults}
        return Try("kills", row, row, 0, [], [0], seen, [], 1.0, count, skipped)

    tries = [made("a"), made("a", lost_artifacts="x"), made("b", 50), made("b", skipped="no root")]
    report.write(tmp_path / "tries.json", tries)
    assert report.read([tmp_path / "tries.json"]) == tries
    assert report.table(tries).splitlines()[2:] == [
        "| kills: a | 2 | 1 | 0 | 0 | 0 | 0 | 0 |",
        "| kills: b | 50 (1 not tried: no root) | 0 | 0 | 0 | 0 | 0 | 0 |",
        "| all | 52 | 1 | 0 | 0 | 0 | 0 | 0 |",
    ]


def test_a_try_with_a_fault_keeps_its_folder(options: Options) -> None:
    def fail(bench: Bench) -> None:
        bench.fault(LOST, "train is gone")

    carry_out("fakes", Case("well", 0, lambda bench: None), options)
    carry_out("fakes", Case("bad", 0, fail), options)
    assert [path.name for path in (options.folder / "tries").iterdir()] == ["fakes-bad-0"]


def test_a_campaign_that_fails_itself_counts_as_a_fault(tried: Tried) -> None:
    assert "could not be judged" in tried(lambda bench: broken()).faults[UNCLEAR]


def test_each_pair_gets_all_its_tries_by_runners_that_can_make_it(tmp_path: Path) -> None:
    options = Options(tmp_path, 10, runners=RUNNERS)
    by_row: dict[str, list[str]] = {}
    for case in pairs.cases(options):
        assert isinstance(case.run, pairs.Together)
        by_row.setdefault(case.row, []).append(case.run.runner)
    for row, (_, able) in pair_kinds.KINDS.items():
        assert len(by_row[row]) == 10
        assert {*by_row[row]} == {*able}
