"""What a later measurement replaced is kept, whole, wherever a kill comes; at most n are."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docker.cleaning import clean
from docker.share.history import history_text
from stages.artifacts import Artifacts, verify, write_record
from stages.errors import NotWritableError
from stages.files import left_overs, trees
from stages.files.checksums import write_checksums
from stages.folder import history
from stages.folder.access import reading, writing
from stages.folder.foreign import kept
from stages.folder.handover import handing_over
from stages.folder.usable import ours
from stages.records.base import Provenance
from stages.stage_folders import ProfileFolder
from tests.commands import ROOT
from tests.unit.records import measured, profile

FIRST, SECOND, THIRD = "2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z", "2026-11-26T10:00:00Z"
CALLS = ("rename", "fsync", "fchmod", "mkdir", "unlink", "rmdir")
# Kills itself at the call COUNT of those that change or sync something.
KILLED = f"""
import sys
from pathlib import Path
from tests.unit.folder.signalled import die_at
from tests.unit.folder.test_history import CALLS, THIRD, measure
die_at(CALLS, int(sys.argv[2]))
measure(Path(sys.argv[1]), {THIRD!r}, number=int(sys.argv[3]))
"""
# Is interrupted at the call COUNT of those that rename or remove something, and at all after it.
INTERRUPTED = f"""
import signal, sys
from pathlib import Path
from stages.errors import exit_code_of
from tests.unit.folder.signalled import signal_at
from tests.unit.folder.test_history import THIRD, measure
def main():
    measure(Path(sys.argv[1]), {THIRD!r}, number=1)
    print("that is it")
signal_at(("rename", "rmdir", "unlink"), int(sys.argv[2]).__le__, signal.SIGINT)
sys.exit(exit_code_of("profile", main))
"""


def name_of(made: str) -> str:
    return made.replace("-", "").replace(":", "")


def measure(
    root: Path, made: str, runtime: str = "itex", number: int = 10, rate: float = 4.0
) -> None:
    record = profile(measured("int8", "AVX2", rate), runtime=runtime)
    with writing(root, "profile") as artifacts:
        keep = history.keep if number else None
        with handing_over(artifacts.profile(runtime).path, keep=keep, last=True) as partial:
            write_record(
                ProfileFolder(partial).record, replace(record, maker=Provenance(made=made))
            )
        history.keep_last(artifacts, runtime, number)


def names(root: Path, runtime: str = "itex") -> list[str]:
    return [folder.path.name for folder in kept(Artifacts(root), runtime)]


def made_of(folder: ProfileFolder) -> str:
    verify(folder.path, [folder.record.name])
    text = folder.record.read_text()
    return next(made for made in (FIRST, SECOND, THIRD) if made in text)


def all_there(root: Path) -> set[str]:
    """Return when each whole measurement was made that is there."""
    artifacts = Artifacts(root)
    return {made_of(one) for one in (artifacts.profile("itex"), *kept(artifacts, "itex"))}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    measure(tmp_path / "artifacts", FIRST)
    measure(tmp_path / "artifacts", SECOND)
    return tmp_path / "artifacts"


def test_the_replaced_one_is_kept_with_every_byte(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (root / "profile" / "measurements.json").read_bytes()
    measure(root, THIRD)
    assert names(root) == [name_of(SECOND), name_of(FIRST)]
    place = root / "history" / "profile" / name_of(SECOND)
    assert (place / "measurements.json").read_bytes() == before
    assert f"profile: what was measured before is kept in {place}\n" in capsys.readouterr().out
    assert all_there(root) == {FIRST, SECOND, THIRD}


def test_each_runtime_has_its_own(root: Path) -> None:
    measure(root, FIRST, "stock")
    measure(root, SECOND, "stock")
    measure(root, THIRD, "stock", number=1)
    assert names(root, "stock") == [name_of(SECOND)]
    assert names(root) == [name_of(FIRST)]


@pytest.mark.parametrize(("number", "left"), [(0, []), (1, [SECOND]), (2, [SECOND, FIRST])])
def test_as_many_are_kept_as_asked_for(root: Path, number: int, left: list[str]) -> None:
    measure(root, THIRD, number=number)
    assert names(root) == [name_of(made) for made in left]


def test_two_of_one_second_are_both_kept(root: Path) -> None:
    with writing(root, "profile"), handing_over(root / "profile", keep=history.keep) as partial:
        (partial / "32.json").touch()
        record = profile(measured("int8", "AVX2", 4.0))
        write_record(ProfileFolder(partial).record, replace(record, maker=Provenance(made=SECOND)))
    measure(root, THIRD)
    assert names(root)[:2] == [f"{name_of(SECOND)}-1", name_of(SECOND)]


def test_the_last_replaced_stays_though_the_clock_was_ahead(root: Path) -> None:
    ahead = "2027-01-01T00:00:00Z"
    measure(root, ahead)
    measure(root, THIRD, number=2)
    measure(root, THIRD.replace("T10", "T11"), number=2)
    assert names(root) == [f"{name_of(THIRD)}-1", name_of(ahead)]
    measure(root, THIRD.replace("T10", "T12"), number=1)
    assert names(root) == [f"{name_of(THIRD).replace('T10', 'T11')}-1"]


def test_of_many_of_one_second_the_last_stay(root: Path) -> None:
    for count in range(12):
        measure(root, SECOND, rate=5.0 + count, number=100)
    measure(root, THIRD, number=2)
    last, before = (int(name.rpartition("-")[2]) for name in names(root))
    assert last == before + 1 > 10


@pytest.mark.parametrize("damaged", [True, False])
def test_one_that_was_copied_back_from_the_history_is_kept_once_and_whole(
    root: Path, damaged: bool
) -> None:
    measure(root, THIRD)
    copy = root / "history" / "profile" / name_of(FIRST)
    shutil.rmtree(root / "profile")
    shutil.copytree(copy, root / "profile")
    if damaged:
        (copy / "measurements.json").write_text("{}")
    measure(root, THIRD)
    assert names(root) == [f"{name_of(FIRST)}-1", name_of(SECOND)]
    assert all_there(root) == {FIRST, SECOND, THIRD}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"schema_version": 7', '"schema_version": 6', "is of another schema"),
        ('"strict": false', '"strict": true', "is damaged"),
        (SECOND, "", "does not say when it was made"),
    ],
)
def test_one_that_nobody_could_read_is_not_kept(
    root: Path, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = root / "profile" / "measurements.json"
    text = record.read_text()
    assert old in text
    record.write_text(text.replace(old, new))
    if words != "is damaged":
        write_checksums(root / "profile")
    measure(root, THIRD)
    assert names(root) == [name_of(FIRST)]
    assert f"profile: what was measured before {words}, and is not kept" in capsys.readouterr().out


@pytest.mark.parametrize("number", [1, 0])
def test_a_kill_at_any_step_loses_no_measurement_that_is_to_be_kept(
    root: Path, tmp_path: Path, number: int
) -> None:
    for count in range(1, 60):
        copy = tmp_path / f"copy{count}"
        shutil.copytree(root, copy)
        command = [sys.executable, "-c", KILLED, str(copy), str(count), str(number)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        with reading(copy, "history"):
            there = all_there(copy)
        # Those of before go, but for `number`, once the third has replaced the second.
        kept_one = [{FIRST, SECOND}, {FIRST, SECOND, THIRD}, {SECOND, THIRD}]
        whole = kept_one if number else [{FIRST, SECOND}, {FIRST, THIRD}, {THIRD}]
        assert there in whole, f"killed at {count}"
        left = [path for path in copy.rglob(".*") if left_overs.owner_of(path)]
        assert left == [], f"killed at {count}"
        if done.returncode == 0:
            break
    assert there == ({SECOND, THIRD} if number else {THIRD})
    assert count > 15


Refuse = Callable[[str], None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """Let a call of the system's be refused for what is in the history, until the test ends."""

    def begin(call: str) -> None:
        real = getattr(os, call)

        def refused(path: Path, *arguments: object, **options: object) -> object:
            if any("history" in str(one) for one in (path, *arguments)):
                raise OSError(code, os.strerror(code), str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, call, refused)

    code = errno.ENOSPC
    yield begin
    monkeypatch.undo()


@pytest.mark.parametrize("call", ["mkdir", "rename"])
def test_what_can_not_be_kept_stays_until_a_command_can(
    tmp_path: Path,
    refuse: Refuse,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(tmp_path, FIRST)
    refuse(call)
    measure(tmp_path, SECOND)
    said = capsys.readouterr().out
    place = tmp_path / "history" / "profile"
    assert f"before can't be kept in {place} (No space left on device); until" in said
    for use in (reading, writing):
        with use(tmp_path, "compare"):
            assert all_there(tmp_path) == {SECOND}
    monkeypatch.undo()
    measure(tmp_path, THIRD)
    assert all_there(tmp_path) == {FIRST, SECOND, THIRD}


def test_on_a_full_disk_the_history_is_shown_and_removed(
    tmp_path: Path, refuse: Refuse, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(tmp_path, FIRST)
    shutil.copytree(tmp_path / "profile", tmp_path / ".profile.abcd1234.old")
    refuse("mkdir")
    assert FIRST in history_text(tmp_path, "")
    clean(tmp_path, assume_yes=True)
    assert [*ours(tmp_path)] == []


@pytest.mark.parametrize("call", ["rename", "rmdir", "listdir"])
def test_no_failure_to_remove_older_ones_is_one_of_the_measurement(
    root: Path, refuse: Refuse, call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(root, THIRD)
    capsys.readouterr()
    refuse(call)
    history.keep_last(Artifacts(root), "itex", 1)
    assert "profile: " in capsys.readouterr().out


def test_an_unwritable_history_is_named_before_anything_is_measured(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = root / "history" / "profile"
    history.require_writable(Artifacts(root), "itex")
    monkeypatch.setattr(os, "access", lambda path, _: path != place)
    with pytest.raises(NotWritableError, match=rf"{place} can't be .* by --history 0"):
        history.require_writable(Artifacts(root), "itex")


def test_an_unreadable_history_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, iterdir = root / "history" / "profile", Path.iterdir

    def closed(path: Path) -> Iterator[Path]:
        if path == place:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(NotWritableError, match=f"{place} can't be read"), writing(root, "train"):
        pytest.fail("it went on")


@pytest.mark.parametrize("count", range(1, 9))
def test_a_signal_ends_it_as_if_nothing_was_measured_or_comes_too_late(
    root: Path, count: int
) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(root), str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    there = all_there(root)
    if done.returncode == 0:
        assert there == {SECOND, THIRD}, done
        assert done.stdout.endswith("that is it\n"), done
        assert done.stderr == ""
    else:
        assert (done.returncode, there) == (130, {FIRST, SECOND}), done
        assert "interrupted; finished artifacts are whole" in done.stderr
    assert (done.returncode == 0) == (count > 2), done  # the two are swapped by two renames


@pytest.mark.parametrize(
    "made", [f"{SECOND}\\n", SECOND.replace("2", "\u0662"), "9999-99-99T99:99:99Z"]
)
def test_no_odd_time_becomes_a_name_in_it(root: Path, made: str) -> None:
    record = root / "profile" / "measurements.json"
    record.write_text(record.read_text().replace(SECOND, made))
    write_checksums(root / "profile")
    measure(root, THIRD)
    with writing(root, "compare"):
        assert names(root) == [name_of(FIRST)]


STRANGERS = {
    "history/thesis.txt": "history/thesis.txt",
    "history/profile/thesis": "history/profile/thesis",
    "history/train/20261124T100000Z/train.json": "history/train",
    "history/profile/.20261124T100000Z/a": "history/profile/.20261124T100000Z",
    "history/profile/20261124T100000Z/../x/a": "history/profile/x",
}


@pytest.mark.parametrize("place", STRANGERS)
def test_what_no_stage_made_in_it_is_refused_and_stays(root: Path, place: str) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text("years of work")
    for use in (writing, reading):
        with pytest.raises(NotWritableError, match=STRANGERS[place]), use(root, "compare"):
            pytest.fail("it went on")
    assert (root / place).read_text() == "years of work"


@pytest.mark.parametrize("name", ["", "profile", "profile/20261124T100000Z"])
def test_no_link_in_it_is_followed(root: Path, name: str) -> None:
    place = root / "history" / name
    place.rename(root.parent / "elsewhere")
    place.symlink_to(root.parent / "elsewhere")
    with pytest.raises(NotWritableError, match="is a symlink"), reading(root, "history"):
        pytest.fail("it went on")
    assert [*(root.parent / "elsewhere").iterdir()]


def test_a_users_file_in_one_keeps_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = root / "history" / "profile" / name_of(FIRST) / "notes.txt"
    notes.write_text("years of work")
    measure(root, THIRD, number=1)
    assert notes.read_text() == "years of work"
    assert "notes.txt is there, which no stage made" in capsys.readouterr().out


def test_it_is_ours_and_durable_and_readable_by_all(root: Path) -> None:
    assert root / "history" in [*ours(root)]
    for folder in (root / "history", root / "history" / "profile"):
        assert folder.stat().st_mode & 0o777 == trees.FOLDER_MODE


def test_a_folder_of_that_name_without_the_marker_is_a_users(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    with pytest.raises(NotWritableError, match="so no stage made it"), writing(tmp_path, "train"):
        pytest.fail("it went on")
