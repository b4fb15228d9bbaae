"""What other programs print, and files of this checkout and this machine."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from docker import containers, outcome
from docker.build.layers import build_stages_of, layers_of
from docker.develop.triage import TRIAGE, read_triage
from docker.host import env_file, pip_settings, processes, user
from docker.paths import DOCKERFILE
from stages import locks
from stages.errors import ArtifactsBusyError
from stages.folder.access import reading, writing
from stages.folder.usable import LOCK, prepare
from stages.setting.addresses import is_of_this_machine, local_path, redacted
from tests.fuzz.inputs import mutated_texts
from tests.fuzz.of_files import of_file
from tests.fuzz.parsers import Parser

ENV = b"VGG19_ROUNDS=3\nexport VGG19_DATA = 'beans' # real\nVGG19_BACKBONE=\"a\\tb\"\nX=1\n"
PROCESS = "p17-123456-0a1b2c3d-4026531836"
ROW = f"vgg19-train-1\trunning\t3 minutes ago\t{PROCESS}\ttrain"
TIMES = ("2026-11-26T08:00:00.123456789Z", "2026-11-26T08:01:00Z", "0001-01-01T00:00:00Z")
PIP = (
    "global.index-url='https://user:word@host/simple'\ninstall.default-timeout='60'\n:env:.cert='a'"
)
MOUNTS = b"36 35 0:31 /vgg19-locks /locks rw,nosuid shared:1 - tmpfs shm rw,size=65536k\n"
MOUNTS += b"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
ADDRESSES = (
    "https://user:pass/word@host:8080/a?token=x&b#c", "file:///a%20b", "file://[::1]/a", "a/b",
)  # fmt: skip
PLACES = ("user:pass@127.0.0.1:3128", "[::1]:80", "localhost", "host:1")
DOCKER = b"FROM ${BASE} AS base\nFROM base AS user\nWORKDIR /tmp\nFROM user AS train\n"
DOCKER += b"COPY --from=train-layer /rootfs/ /\nFROM train AS app\nCOPY --from=app-layer / /\n"
HOLDER = b"train since 2026-11-26 08:00:00 UTC (process 17 in vgg19-train-1)"


def parsers() -> Iterator[Parser]:
    yield of_file(".env", _env, ENV)
    yield of_file("Dockerfile", _layers, DOCKER, DOCKERFILE.read_bytes())
    yield of_file("audit.yaml", read_triage, TRIAGE.read_bytes()[:3000])
    yield of_file("mountinfo of a container", _mounts, MOUNTS)
    yield of_file("lock of the artifacts", _locked, HOLDER)
    yield Parser("docker ps", mutated_texts(ROW, f"{ROW}\n{ROW}\n"), _rows, ())
    times = mutated_texts(*TIMES)
    yield Parser("docker inspect", st.tuples(times, times), _times, ())
    yield Parser("pip config list", mutated_texts(PIP), _pip, ())
    yield Parser("names of processes", mutated_texts(PROCESS), _process, ())
    yield Parser("addresses", mutated_texts(*ADDRESSES), _address, ())
    yield Parser("places of proxies", mutated_texts(*PLACES), is_of_this_machine, ())
    numbers = mutated_texts("0", "1000", "4294967295", "-1")
    yield Parser("sudo's numbers", st.tuples(numbers, numbers), _sudo, ())


def _env(path: Path) -> None:
    for name, value in env_file.environment({}, path).items():
        _may_be_given(name, value)
    before = path.read_bytes()
    env_file.write({"STAGES_UID": "1"}, path)
    assert path.read_bytes().endswith(b"STAGES_UID=1\n"), before
    once = path.read_bytes()
    env_file.write({"STAGES_UID": "1"}, path)
    assert path.read_bytes() == once


def _may_be_given(name: str, value: str) -> None:
    """Require that a program can be started with this variable."""
    assert "\0" not in name + value
    assert "=" not in name
    os.fsencode(value)


def _layers(path: Path) -> None:
    assert len(layers_of("train", path)) == len(build_stages_of("train", path)) + 1


def _mounts(path: Path) -> None:
    assert locks.is_mounted("vgg19-locks", locks.MOUNTED, path) in (True, False)


def _locked(path: Path) -> None:
    """Hold a lock with that text in it: whoever finds it says so, and then reads and writes."""
    root = prepare(path.parent / "artifacts")
    path.rename(root / LOCK)
    for use in (reading, writing):
        descriptor = os.open(root / LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with pytest.raises(ArtifactsBusyError) as error, use(root, "train"):
                pass
            assert str(error.value).isprintable()
        finally:
            os.close(descriptor)
        with use(root, "train"):
            pass


def _rows(text: str) -> None:
    for row in containers.parse_rows(text):
        assert not row.name.startswith("-")
        assert row.name.isprintable()


def _times(times: tuple[str, str]) -> None:
    assert outcome.seconds_between(*times) >= 0


def _pip(text: str) -> None:
    for name, value in pip_settings.parse_settings(text).items():
        _may_be_given(name, value)


def _process(text: str) -> None:
    process = processes.parse(text)
    if process:
        assert text.startswith(str(process))
        assert process.has_ended() in (True, False)


def _address(text: str) -> None:
    shown = redacted(text)
    assert redacted(shown) == shown
    path = local_path(text)
    assert path is None or os.path.isdir(path) in (True, False)  # noqa: PTH112 - as train does


def _sudo(numbers: tuple[str, str]) -> None:
    who = user.invoking_user(dict(zip(("SUDO_UID", "SUDO_GID"), numbers, strict=True)))
    assert 0 < who.uid <= user.MAX_ID
    assert 0 <= who.gid <= user.MAX_ID
