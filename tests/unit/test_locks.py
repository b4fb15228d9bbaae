"""The folder of the locks, and what someone else may have put in its place."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages import locks
from stages.errors import NotWritableError
from stages.locks import is_mounted, opened, prepare
from stages.settings import Settings

COMPOSE = Path(__file__).parents[2] / "compose.yaml"


def mode_of(folder: Path) -> int:
    return folder.stat().st_mode & 0o7777


def test_it_is_made_for_all_users_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        prepare(tmp_path / "locks")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "locks") == 0o1777


def test_what_the_engine_made_is_opened_to_all(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir(mode=0o755)
    prepare(tmp_path / "locks")
    assert mode_of(tmp_path / "locks") == 0o1777


def test_a_link_in_its_place_is_refused_and_its_target_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir(mode=0o700)
    (tmp_path / "locks").symlink_to(tmp_path / "victim")
    with pytest.raises(NotWritableError, match=r"is no folder"):
        prepare(tmp_path / "locks")
    with pytest.raises(NotWritableError, match="is no folder"), opened(tmp_path / "locks"):
        pass
    assert mode_of(tmp_path / "victim") == 0o700


def test_a_folder_in_which_others_could_replace_the_locks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks").chmod(0o777)
    with pytest.raises(NotWritableError, match="lets any user"), opened(tmp_path / "locks"):
        pass


def test_a_folder_of_one_user_stays_that_users(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir(mode=0o700)
    with opened(tmp_path / "locks"):
        pass
    assert mode_of(tmp_path / "locks") == 0o700


def test_one_that_was_asked_for_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotWritableError, match="is missing"), opened(tmp_path / "locks"):
        pass


def test_the_shared_one_is_made_by_whoever_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "SHARED", tmp_path / "locks")
    with opened(tmp_path / "locks"):
        pass
    assert mode_of(tmp_path / "locks") == 0o1777


def test_only_the_shared_one_is_said_to_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locks").touch()
    with (
        pytest.raises(NotWritableError, match=r"set VGG19_LOCKS to one"),
        opened(tmp_path / "locks"),
    ):
        pass
    monkeypatch.setattr(locks, "SHARED", tmp_path / "locks")
    with pytest.raises(NotWritableError, match=r"rm -r .*made again"), opened(tmp_path / "locks"):
        pass


def no_folder(path: Path) -> None:
    path.touch()


def dangling(path: Path) -> None:
    path.symlink_to("/nowhere")


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize("make", [nothing, no_folder, dangling])
def test_a_machine_without_the_place_for_it_is_told_how_to_get_one(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "shm")
    with pytest.raises(NotWritableError, match=r"shm, where .* is missing.*; mount one there"):
        prepare(tmp_path / "shm" / "locks")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_where_it_can_not_be_made_the_artifacts_are_not_blamed(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NotWritableError, match=r"can't be made \(.*VGG19_LOCKS"):
        prepare(tmp_path / "locks")


def test_one_on_a_read_only_disk_is_not_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path / "locks")
    read_only = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    with pytest.raises(NotWritableError, match="is read-only; have"), opened(tmp_path / "locks"):
        pass


MOUNT = "93 76 0:27 {root} /locks rw,relatime - {kind} {kind} rw,size=24684084k\n"


@pytest.mark.parametrize(
    ("root", "kind", "right"),
    [
        ("/vgg19-locks", "tmpfs", True),
        ("/etc", "tmpfs", False),
        ("/etc/vgg19-locks", "ext4", False),
        ("/vgg19-locks", "ext4", False),
    ],
)
def test_what_a_link_led_the_engine_to_mount_is_not_opened_to_all(
    root: str, kind: str, right: bool, tmp_path: Path
) -> None:
    mounts = tmp_path / "mountinfo"
    other = "92 76 0:26 /x /artifacts rw shared:1 - ext4 /dev/vda rw\n"
    mounts.write_text(other + MOUNT.format(root=root, kind=kind))
    assert is_mounted("vgg19-locks", Path("/locks"), mounts) == right


def test_without_a_mount_nothing_is_opened(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text("")
    assert not is_mounted("vgg19-locks", Path("/locks"), tmp_path / "mountinfo")


def test_the_shared_one_is_the_default_and_what_compose_mounts() -> None:
    assert Settings().locks == locks.SHARED
    assert f"source: {locks.SHARED}\n  target: {locks.MOUNTED}\n" in COMPOSE.read_text()
