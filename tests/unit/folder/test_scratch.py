"""What a killed command left in the folder for temporary files goes, and nothing else does."""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stages.folder.full_disk import scratch_folder, temporary_directory
from tests.commands import ROOT

HOLDER = """
import sys, time
from stages.folder.full_disk import temporary_directory
with temporary_directory("bundle-") as name:
    print(name, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_what_a_killed_command_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environ
    ) as holder:
        assert holder.stdout
        left = Path(holder.stdout.readline().strip())
        (left / "unpacked").mkdir(mode=0)
        try:
            with temporary_directory("notebook-"):
                assert left.is_dir()  # it is in use
        finally:
            holder.kill()
    with scratch_folder("export-"):
        assert not left.exists()
    assert [*tmp_path.iterdir()] == []


def test_nothing_is_removed_that_is_in_use_or_no_folder_of_such_a_name(tmp_path: Path) -> None:
    used, other = tmp_path / "sif-abcdefgh.vgg19-tmp", tmp_path / "bundle-abcdefgh"
    link, file = tmp_path / "a-abcdefgh.vgg19-tmp", tmp_path / "b-abcdefgh.vgg19-tmp"
    used.mkdir()
    other.mkdir()
    file.touch()
    link.symlink_to(other)
    descriptor = os.open(used, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with temporary_directory("doctor-"):
            pass
    finally:
        os.close(descriptor)
    assert {*tmp_path.iterdir()} == {used, other, link, file}


def test_one_of_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "sif-abcdefgh.vgg19-tmp"
    foreign.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: foreign.stat().st_uid + 1)
    with temporary_directory("doctor-"):
        pass
    assert foreign.is_dir()
