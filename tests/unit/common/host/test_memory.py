import os
from pathlib import Path

import pytest

from stages.common.host import memory
from stages.common.host.cgroups import Cgroups
from stages.common.host.memory import (
    Footprint,
    available,
    expected_footprint,
    footprint_of,
    give_back,
    is_limited,
    least_needed,
    needed_at_once,
    needed_in_turn,
    require,
    require_batch,
)
from stages.errors import HostError

MEMINFO = "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   20000000 kB\n"


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    (tmp_path / "meminfo").write_text(MEMINFO)
    return tmp_path / "meminfo"


def limit(folder: Path, limit_bytes: str, used: str = "1000") -> Cgroups:
    (folder / "self").mkdir(exist_ok=True)
    (folder / "self" / "cgroup").write_text("0::/\n")
    (folder / "memory.max").write_text(limit_bytes + "\n")
    (folder / "memory.current").write_text(used + "\n")
    return Cgroups(folder, folder)


def test_it_is_what_the_kernel_says(meminfo: Path, tmp_path: Path) -> None:
    assert available(meminfo, Cgroups(tmp_path / "none", tmp_path / "none")) == 20_000_000 * 1024
    assert available(meminfo, limit(tmp_path, "max")) == 20_000_000 * 1024


def test_a_containers_limit_counts(meminfo: Path, tmp_path: Path) -> None:
    assert available(meminfo, limit(tmp_path, "5000")) == 4000
    assert available(meminfo, limit(tmp_path, str(2**60))) == 20_000_000 * 1024


def test_this_process_takes_some() -> None:
    taken = footprint_of(os.getpid())
    assert 2**20 < taken.loaded <= taken.peak < 2**40
    assert (available() or 0) > 0


@pytest.mark.parametrize(
    "text", ["", "MemAvailable:", "MemAvailable: many kB", "MemAvailable: -5 kB", "\0\xff:\xb2"]
)
def test_what_the_kernel_does_not_say_is_unknown_and_refuses_nothing(
    text: str, tmp_path: Path
) -> None:
    nowhere = Cgroups(tmp_path / "none", tmp_path / "none")
    (tmp_path / "meminfo").write_bytes(text.encode("latin-1"))
    assert available(tmp_path / "meminfo", nowhere) is None
    assert available(tmp_path / "meminfo", limit(tmp_path, "5000")) == 4000
    assert available(tmp_path / "missing", nowhere) is None
    assert footprint_of(1, tmp_path) == Footprint(0, 0)
    require(2, 10, None, "take more")
    require_batch(4096, "embedded", tmp_path / "missing")


def test_a_batch_larger_than_the_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemAvailable: 1048576 kB\n")
    require_batch(8, "embedded", tmp_path / "meminfo")
    require_batch(150, "/a/smaller/network", tmp_path / "meminfo")
    with pytest.raises(HostError, match=r"batch of 150 images needs at least 3\.6 GiB .* 1\.0 are"):
        require_batch(150, "embedded", tmp_path / "meminfo")


def test_too_much_is_said_with_what_there_is() -> None:
    require(2, 10, 10, "take more")
    with pytest.raises(
        HostError, match=r"2 processes need about 3\.0 GiB .* 1\.5 are available; take"
    ):
        require(2, 3 * 2**30, 3 * 2**29, "take more")


@pytest.mark.parametrize(
    ("limit_bytes", "there", "is_bound"),
    [("2000", 9000, True), ("2000", 2000, False), ("9000", 9000, False), ("max", 9000, False)],
)
def test_a_limit_is_what_bounds_if_the_machine_has_more(
    limit_bytes: str, there: int, is_bound: bool, tmp_path: Path
) -> None:
    (tmp_path / "meminfo").write_text(f"MemAvailable: {there} kB\n")
    in_kib = limit_bytes if limit_bytes == "max" else f"{limit_bytes}000"
    cgroups = limit(tmp_path, in_kib)
    assert is_limited(3000 * 1024, tmp_path / "meminfo", cgroups) is is_bound


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [({"STAGES_MEMORY": "2g"}, "raise or unset STAGES_MEMORY to take more"), ({}, "raise that to")],
)
def test_a_limit_that_bounds_is_named_with_what_sets_it(
    variables: dict[str, str], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "is_limited", lambda *_: True)
    monkeypatch.delenv("STAGES_MEMORY", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(HostError, match=rf"2\.0 are available within its memory limit; {remedy}"):
        require(2, 3 * 2**30, 2**31, "take more memory")
    monkeypatch.setattr(memory, "available", lambda *_: 2**30)
    with pytest.raises(HostError, match=r"within its memory limit; raise .*, or give a smaller"):
        require_batch(150, "embedded")


def test_those_that_load_in_turn_need_one_loading_beside_all_loaded() -> None:
    taken = [Footprint(15, 9), Footprint(15, 12), Footprint(8, 8)]
    both = needed_at_once(taken), needed_in_turn(taken)
    assert both == (needed_at_once([]) + 38, needed_in_turn([]) + 29 + 6)


def test_of_those_that_take_turns_one_at_a_time_takes_what_its_batch_needs() -> None:
    both = ("fp32", "int8")
    waiting = [expected_footprint(name, 0) for name in both]
    assert least_needed(both, 1) == needed_in_turn(waiting)
    one_more = least_needed(both, 65) - least_needed(both, 64)
    assert one_more == memory.WORKING_BYTES_PER_IMAGE["fp32"]
    assert least_needed((), 8) == memory.LIBRARIES


def test_what_was_freed_is_given_back() -> None:
    kept = [bytes(1000) for _ in range(200_000)]
    before = footprint_of(os.getpid()).loaded
    last = kept.pop()  # at the end of the heap, so that malloc would keep the rest
    del kept
    give_back()
    assert footprint_of(os.getpid()).loaded < before - 100_000_000
    assert len(last) == 1000
