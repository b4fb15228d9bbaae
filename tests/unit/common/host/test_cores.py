import os
from pathlib import Path

import pytest

from stages.common.host.cores import (
    choose_cores,
    numactl_command,
    one_per_physical_core,
    parse_cores,
)
from stages.common.host.topology import Sysfs
from stages.errors import PinningError


def test_a_list_of_cores_is_read() -> None:
    assert parse_cores("0-3,8") == [0, 1, 2, 3, 8]
    assert parse_cores(" 5 , 4 ") == [4, 5]


@pytest.mark.parametrize("text", ["a", "0-", "3-1", "-1", "0,,1", "", "0,0", "0-99999999999"])
def test_a_malformed_list_is_refused(text: str) -> None:
    with pytest.raises(PinningError, match="0-3,8"):
        parse_cores(text)


def test_one_thread_of_each_physical_core_within_the_cpuset(tmp_path: Path) -> None:
    for core, siblings in {0: "0,4", 1: "1,5", 4: "0,4", 5: "1,5"}.items():
        folder = tmp_path / "devices" / "system" / "cpu" / f"cpu{core}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    sysfs = Sysfs(tmp_path)
    assert one_per_physical_core({0, 1, 4, 5}, sysfs) == [0, 1]
    assert one_per_physical_core({4, 5}, sysfs) == [4, 5]
    assert one_per_physical_core({1, 4, 5}, sysfs) == [1, 4]


def test_cores_that_do_not_exist_are_named() -> None:
    with pytest.raises(PinningError, match="4095 are not among"):
        choose_cores("0,4095")


def test_without_numactl_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PinningError, match="install the package numactl"):
        choose_cores("")


def test_a_numactl_that_refuses_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "numactl"
    script.write_text("#!/bin/sh\necho 'sched_setaffinity: Operation not permitted' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(PinningError, match="Operation not permitted"):
        choose_cores("")


def test_the_command_pins_by_physical_number() -> None:
    assert numactl_command([0, 2]) == ["numactl", "--all", "--physcpubind=0,2"]


def numactl_that_agrees(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "numactl"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_an_isolated_core_may_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    numactl_that_agrees(tmp_path, monkeypatch)
    folder = tmp_path / "devices" / "system" / "cpu"
    folder.mkdir(parents=True)
    (folder / "isolated").write_text("8000-8001\n")
    assert choose_cores("8001", Sysfs(tmp_path)) == [8001]
    with pytest.raises(PinningError, match="8002 are not among"):
        choose_cores("8001-8002", Sysfs(tmp_path))


def test_cores_that_are_switched_off_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "devices" / "system" / "cpu"
    folder.mkdir(parents=True)
    (folder / "offline").write_text("7-9\n")
    with pytest.raises(PinningError, match=r"8,9 are switched off; .* or switch them on"):
        choose_cores("0,8-9", Sysfs(tmp_path))
