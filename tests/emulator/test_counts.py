"""The records of AMXEMU_COUNTS, and the report."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.emulator.building import run
from tests.emulator.counts import (
    CONFIGURED_TO_NONE,
    OPERATIONS,
    PROCESS_ENDED,
    PRODUCTS,
    RECORD,
    RELEASED,
    THREAD_ENDED,
    read_counts,
)

Program = Callable[..., Path]
USD, BF16 = PRODUCTS.index("TDPBUSD"), PRODUCTS.index("TDPBF16PS")
FULL = 16 * 16 * 64


def test_a_record_has_208_bytes() -> None:
    assert RECORD.itemsize == 208


def test_each_end_of_a_use_of_tiles_makes_a_record(
    library: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = time.time_ns()
    done = run(library, program("counted"), AMXEMU_COUNTS="counts")
    (path,) = tmp_path.iterdir()
    records = read_counts(path)

    assert (done.returncode, done.stderr) == (0, "")
    assert path.name.partition(".")[2].isdigit()
    ends = [RELEASED, CONFIGURED_TO_NONE, RELEASED, THREAD_ENDED, PROCESS_ENDED]
    assert records["event"].tolist() == ends
    products = records["operations"][:, OPERATIONS.index("TDPBUSD")]
    assert products.tolist() == [3, 2, 1, 5, 7]
    assert (np.diff(records["nanoseconds"].astype(np.int64)) >= 0).all()
    assert before <= records["nanoseconds"][0] <= time.time_ns()
    assert len(set(records["thread"].tolist())) == 2


def test_useful_and_possible_work_give_the_tiles_fullness(
    library: Path, program: Program, tmp_path: Path
) -> None:
    run(library, program("counted"), AMXEMU_COUNTS=f"{tmp_path}/counts")
    records = read_counts(next(tmp_path.iterdir()))

    assert records["useful"][0, USD] == 3 * 8 * 4 * 64
    assert records["useful"][:, USD].tolist()[1:] == [2 * FULL, FULL // 2, 5 * FULL, 7 * FULL]
    assert records["possible"][:, USD].tolist() == [n * FULL for n in (3, 2, 1, 5, 7)]
    assert records["useful"][2, BF16] == 16 * 16 * 16
    assert records["possible"][2, BF16] == FULL // 2


@pytest.mark.parametrize("end", ["_exit", "quick"])
def test_no_way_to_end_a_process_loses_counts(
    library: Path, program: Program, tmp_path: Path, end: str
) -> None:
    run(library, program("counted"), end, AMXEMU_COUNTS=f"{tmp_path}/counts")

    assert read_counts(next(tmp_path.iterdir()))["event"][-1] == PROCESS_ENDED


def test_the_end_of_a_vforked_child_is_not_its_parents(
    library: Path, program: Program, tmp_path: Path
) -> None:
    run(library, program("counted"), "vfork", AMXEMU_COUNTS=f"{tmp_path}/counts")
    (path,) = tmp_path.iterdir()

    assert read_counts(path)["event"].tolist().count(PROCESS_ENDED) == 1
    assert read_counts(path)["operations"][-1, OPERATIONS.index("TDPBUSD")] == 7


def test_a_forked_child_counts_from_its_beginning(
    library: Path, program: Program, tmp_path: Path
) -> None:
    run(library, program("counted"), "fork", AMXEMU_COUNTS=f"{tmp_path}/counts")
    of_child, of_parent = sorted((read_counts(path) for path in tmp_path.iterdir()), key=len)

    assert of_child["operations"].sum() == 1
    assert of_parent["operations"][-1, OPERATIONS.index("TDPBUSD")] == 7


def test_threads_that_use_tiles_at_the_processs_end_are_reported(
    library: Path, program: Program, tmp_path: Path
) -> None:
    done = run(library, program("counted"), "waits", AMXEMU_COUNTS=f"{tmp_path}/counts")

    assert done.returncode == 126
    assert "counts are missing" in done.stderr


@pytest.mark.parametrize(
    ("path", "why"), [("/nowhere/c", "ENOENT"), ("/proc/version/c", "ENOTDIR")]
)
def test_an_unwritable_path_is_refused_at_the_beginning(library: Path, path: str, why: str) -> None:
    done = run(library, "/bin/true", AMXEMU_COUNTS=path)

    assert done.returncode == 126
    assert done.stderr.startswith("amxemu: can't begin: ")
    assert why in done.stderr


def test_a_full_disk_ends_the_process(library: Path, program: Program, tmp_path: Path) -> None:
    limited = ("sh", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$0"')
    done = run(library, *limited, program("counted"), AMXEMU_COUNTS=f"{tmp_path}/counts")

    assert done.returncode == 126
    assert done.stderr.startswith("amxemu: counts can't be written: ")


def test_the_report_names_the_version_and_what_was_done(library: Path, program: Program) -> None:
    done = run(library, program("counted"), AMXEMU_REPORT="1")

    assert done.stderr.startswith("amxemu: 1.0.0: process ")
    assert " LDTILECFG 6 TILERELEASE 2 TDPBUSD 18 TDPBF16PS 1\n" in done.stderr
