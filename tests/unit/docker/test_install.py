"""What is done as root, on a machine with a fake apt: nothing is installed here."""

import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from docker.host import install
from docker.host.install import InstallError

APT = """\
#!/bin/sh
echo "$@" >> {folder}/asked
env > {folder}/environment
case "$*" in
  *indextargets*) cat {folder}/sources ;;
  *install*) cat {folder}/answer; [ ! -s {folder}/answer ] || exit 100 ;;
esac
"""
SOURCES = """\
Debian http://deb.debian.org/debian bookworm main
Debian http://deb.debian.org/debian-security bookworm-security main
Docker https://download.docker.com/linux/debian bookworm main
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a fake apt-get: what it was `asked`, and what it is to `answer`, failing."""
    for name, text in (("asked", ""), ("answer", ""), ("sources", SOURCES)):
        (tmp_path / name).write_text(text)
    (tmp_path / "apt-get").write_text(APT.format(folder=tmp_path))
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr(install, "SYSTEM_PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(install, "SOURCES", tmp_path / "vgg19-engine.list")
    monkeypatch.setattr(install, "PREFERENCES", tmp_path / "vgg19-engine")
    monkeypatch.setattr(install, "LOCK_POLL_S", 0)
    return tmp_path


def test_nothing_asks_and_nothing_is_removed(apt: Path) -> None:
    install.install(["numactl"], next_release=False)
    update, command = (apt / "asked").read_text().splitlines()
    assert update.endswith("update")
    assert command.endswith("install -y --no-remove --no-install-recommends numactl")
    environment = (apt / "environment").read_text()
    assert "DEBIAN_FRONTEND=noninteractive\n" in environment
    assert "NEEDRESTART_SUSPEND=1\n" in environment
    assert not (apt / "vgg19-engine.list").exists()


def test_on_debian_12_the_next_release_stays_a_source_of_the_engine_alone(apt: Path) -> None:
    install.install(["docker.io"], next_release=True)
    assert (apt / "vgg19-engine.list").read_text() == (
        "deb http://deb.debian.org/debian trixie main\n"
        "deb http://deb.debian.org/debian-security trixie-security main\n"
    )
    pins = (apt / "vgg19-engine").read_text()
    assert "Package: *\nPin: release n=trixie*\nPin-Priority: -1\n" in pins
    assert "Package: docker.io docker-cli" in pins
    assert {(apt / name).stat().st_mode & 0o777 for name in ("vgg19-engine",)} == {0o644}


@pytest.mark.parametrize("earlier", [None, "deb http://mine trixie main\n"])
def test_if_that_fails_no_source_is_left(apt: Path, earlier: str | None) -> None:
    if earlier:
        (apt / "vgg19-engine.list").write_text(earlier)
    (apt / "answer").write_text("E: Unable to fetch some archives\n")
    with pytest.raises(InstallError, match=r"docker\.io can't be installed"):
        install.install(["docker.io"], next_release=True)
    left = apt / "vgg19-engine.list"
    assert (left.read_text() if left.exists() else None) == earlier
    assert not (apt / "vgg19-engine").exists()


def test_a_machine_without_sources_is_told(apt: Path) -> None:
    (apt / "sources").write_text("")
    with pytest.raises(InstallError, match="no source of Debian 12 is known to apt"):
        install.install(["docker.io"], next_release=True)


def test_another_process_that_installs_is_waited_for(
    apt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (apt / "answer").write_text("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held\n")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            (apt / "answer").write_text("")

    monkeypatch.setattr(time, "sleep", wait)
    install.install(["numactl"], next_release=False)
    assert len(waits) == 2
    assert "waiting for another process that installs packages" in capsys.readouterr().out


def test_one_that_never_ends_is_not_waited_for_for_ever(
    apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (apt / "answer").write_text("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held\n")
    monkeypatch.setattr(install, "LOCK_TIMEOUT_S", -1)
    with pytest.raises(InstallError, match="numactl can't be installed"):
        install.install(["numactl"], next_release=False)


INTERRUPTED = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'\n"


@pytest.mark.parametrize("helps", [True, False])
def test_an_installation_that_was_cut_off_is_finished_first(apt: Path, helps: bool) -> None:
    (apt / "answer").write_text(INTERRUPTED)
    finishes = f": > {apt}/answer" if helps else "exit 1"
    (apt / "dpkg").write_text(f'#!/bin/sh\necho "dpkg $@" >> {apt}/asked\n{finishes}\n')
    (apt / "dpkg").chmod(0o755)
    with nullcontext() if helps else pytest.raises(InstallError, match="numactl can't be"):
        install.install(["numactl"], next_release=False)
    _, first, dpkg, second = (apt / "asked").read_text().splitlines()
    assert first == second
    assert dpkg.startswith("dpkg --configure -a")


def test_a_step_that_fails_is_named(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (apt / "usermod").write_text("#!/bin/sh\nexit 6\n")
    (apt / "usermod").chmod(0o755)
    monkeypatch.setattr(sys, "argv", ["install.py", "--group-user=me"])
    with pytest.raises(InstallError, match="`usermod -aG docker me` failed"):
        install.main()
