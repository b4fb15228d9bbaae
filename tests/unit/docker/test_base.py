"""The base image's packages: pinned if the mirror has them, reported if it has others."""

import io
import tarfile
from pathlib import Path

import pytest

from docker.build import base
from docker.lockfile import ImagesLock, Package
from stages.errors import EngineError

LOCKED = {"libc6": Package("2.36-9", "a" * 64), "zlib1g": Package("1.2", "b" * 64)}


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The arguments of a stand-in for mmdebstrap, which makes a tar of newer packages."""
    content = f"libc6 2.36-10 {'c' * 64}\nzlib1g 1.2 {'b' * 64}\nxz 5 {'d' * 64}\n".encode()
    with tarfile.open(tmp_path / "rootfs.tar", "w") as tar:
        member = tarfile.TarInfo(base.PACKAGE_LIST)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    program = tmp_path / "mmdebstrap"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n'
        f'for word; do case $word in *.tar) cp {tmp_path}/rootfs.tar "$word";; esac; done\n'
    )
    docker, newuidmap = tmp_path / "docker", tmp_path / "newuidmap"
    for stand_in in (docker, newuidmap):
        stand_in.write_text("#!/bin/sh\n")
    for stand_in in (program, docker, newuidmap):
        stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(base, "read_lock", lambda: ImagesLock({}, LOCKED, {}, {}))
    return tmp_path / "arguments"


def test_the_locked_versions_are_preferred_though_they_are_older(arguments: Path) -> None:
    base.build({}, LOCKED)
    assert "Package: libc6\nPin: version 2.36-9\nPin-Priority: 1001\n" in arguments.read_text()


def test_packages_that_the_mirror_has_others_of_are_told(
    arguments: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base.build({}, LOCKED)
    shown = capfd.readouterr().out
    assert f"libc6 2.36-9 ({'a' * 12}) -> 2.36-10 ({'c' * 12}), xz none -> 5" in shown
    assert "zlib1g" not in shown
    assert "set DEBIAN_MIRROR to a snapshot" in shown


def test_a_mirror_is_asked_where_one_is_given(arguments: Path) -> None:
    base.build({base.MIRROR: "http://snapshot/20260101"}, {})
    assert arguments.read_text().splitlines()[-1] == "http://snapshot/20260101"
    base.build({}, {})
    assert arguments.read_text().splitlines()[-1].endswith("rootfs.tar")


def test_without_root_it_says_which_package_is_missing(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (arguments.parent / "newuidmap").unlink()
    monkeypatch.setenv("PATH", str(arguments.parent))
    monkeypatch.setattr("os.getuid", lambda: 1000)
    with pytest.raises(EngineError, match="needs the package uidmap if not run by root"):
        base.build({}, LOCKED)


def test_the_users_own_settings_of_tar_do_not_reach_it(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = arguments.parent / "mmdebstrap"
    script.write_text(f"{script.read_text()}env > {arguments.parent}/environment\n")
    monkeypatch.setenv("TAR_OPTIONS", "--verbose")
    base.build({}, LOCKED)
    environment = (arguments.parent / "environment").read_text()
    assert "TAR_OPTIONS" not in environment
    assert f"SOURCE_DATE_EPOCH={base.SOURCE_DATE_EPOCH}\n" in environment


def test_a_new_lock_is_a_new_base(monkeypatch: pytest.MonkeyPatch) -> None:
    before = base.tag_of({})
    monkeypatch.setattr(base, "read_lock", lambda: ImagesLock({}, LOCKED, {}, {}))
    assert base.tag_of({}) != before
    assert base.tag_of({}) != base.tag_of({base.OVERRIDE: "debian:12"})


def test_a_mirror_that_fails_is_one_clear_error(arguments: Path) -> None:
    (arguments.parent / "mmdebstrap").write_text("#!/bin/sh\nexit 25\n")
    with pytest.raises(EngineError, match="Fix the cause, set DEBIAN_MIRROR"):
        base.build({}, LOCKED)
