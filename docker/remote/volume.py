"""The volume with the artifacts on another machine's engine, and how they are read from there."""

import hashlib
import os
import socket
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.containers import labels
from docker.host import elsewhere
from docker.host.client import TIMED_OUT, Answer, ask
from docker.host.environment import engine_environment
from docker.host.variables import GID, UID, USERNS
from stages.errors import EngineError
from stages.program.tether import tethered
from stages.setting import foreign_words

FOLDER = "/artifacts"
# Seconds for the engine to start a container that does nothing long, over a slow line.
ENGINE_S = 120.0
# What the client says of a path that a container does not have.
MISSING = ("could not find the file", "no such file")
# What tarfile raises for what is no tar.
BROKEN = (tarfile.TarError, EOFError, LookupError, OverflowError, RecursionError, ValueError)
ALONE = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL")


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume on the engine that is asked now, for the artifacts folder `root` of this machine."""

    root: Path

    @property
    def name(self) -> str:
        """Its name there: another folder, clone, user or machine has another."""
        owner = (socket.gethostname(), str(os.getuid()), str(self.root))
        return f"vgg19-artifacts-{hashlib.sha256(chr(0).join(owner).encode()).hexdigest()[:12]}"

    @property
    def shown(self) -> str:
        """What the stages' messages call it."""
        return f"{elsewhere.by_ssh().removeprefix('ssh://')}:{self.name}"

    def create(self) -> None:
        """Make the volume, if it is not there; EngineError if the engine refuses."""
        made = ask("volume", "create", self.name, timeout_s=ENGINE_S)
        _require(made, "the volume can't be made")

    def give(self, owner: Mapping[str, str], image: str) -> None:
        """Give the volume to whom the stages run as, by a container of one of their images."""
        command = ("chown", f"{owner[UID]}:{owner[GID]}", FOLDER)
        self._run(image, owner, command, "--cap-add=CHOWN", "--user=0:0")

    def run(self, image: str, owner: Mapping[str, str], command: Sequence[str]) -> None:
        """Run a command in the volume as whom the stages run; EngineError if it fails."""
        self._run(image, owner, command, f"--user={owner[UID]}:{owner[GID]}")

    def _run(
        self, image: str, owner: Mapping[str, str], command: Sequence[str], *options: str
    ) -> None:
        program, *arguments = command
        place = (f"--volume={self.name}:{FOLDER}", f"--workdir={FOLDER}")
        started = [
            "run",
            *ALONE,
            *labels(),
            *options,
            *_userns(owner),
            *place,
            f"--entrypoint={program}",
            image,
        ]
        _require(ask(*started, *arguments, timeout_s=ENGINE_S), "the volume can't be prepared")

    @contextmanager
    def held(self, image: str, owner: Mapping[str, str] | None = None) -> Iterator["Access"]:
        """Yield what reads from the volume: a container that is never started.

        With the `owner` of what is to be written, it also writes to it.
        """
        options = [*labels(), *_userns(owner or {})]
        mount = f"--volume={self.name}:{FOLDER}" + (":ro" if owner is None else "")
        made = ask("create", *options, "--network=none", mount, image, timeout_s=ENGINE_S)
        _require(made, "the volume can't be used")
        name = made.output.split()[-1]
        try:
            yield Access(name)
        finally:
            ask("rm", "--force", name, start_new_session=True)


@dataclass(frozen=True, slots=True)
class Access:
    """A container that has the volume, by its name."""

    name: str

    @contextmanager
    def reading(self, path: str) -> Iterator[tarfile.TarFile]:
        """Yield a file or folder of the volume as a tar that is read once, from its beginning.

        Raises FileNotFoundError if it is not there, EngineError if it does not come to its end.
        """
        child = _start(("docker", "cp", f"{self.name}:{FOLDER}/{path}", "-"))
        with _ended(child), _whole(child, path):
            with tarfile.open(fileobj=child.stdout, mode="r|") as tar:
                yield tar
            while child.stdout and child.stdout.read(2**20):
                pass  # the client would complain that nobody reads its end

    @contextmanager
    def writing(self, path: str) -> Iterator[tarfile.TarFile]:
        """Yield a tar, of which each member comes into the volume with its owner.

        `path` is what it is called in an error. Raises EngineError if it does not get there.
        """
        child = _start(("docker", "cp", "-", f"{self.name}:{FOLDER}"), subprocess.PIPE)
        broken = ""
        with _ended(child):
            try:
                with tarfile.open(fileobj=child.stdin, mode="w|") as tar:
                    yield tar
            except BrokenPipeError:
                broken = "it is not taken"
            errors = child.communicate()[1].decode(errors="replace")
        if child.returncode or broken:
            answer = Answer(child.returncode or 1, "", errors or broken)
            _require(answer, f"{path} does not get there")


def _userns(owner: Mapping[str, str]) -> list[str]:
    return [f"--userns={owner[USERNS]}"] if owner.get(USERNS) else []


def _start(command: tuple[str, ...], stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        tethered(command),
        env=engine_environment(os.environ),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@contextmanager
def _ended(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a child in the end, and at once if the engine answers no more."""
    try:
        with elsewhere.watched(child.kill):
            yield
    finally:
        child.kill()
        child.communicate()


@contextmanager
def _whole(child: "subprocess.Popen[bytes]", path: str) -> Iterator[None]:
    """Raise what is said in `Access.reading` if a child does not end well, or its tar is none."""
    broken: Exception | None = None
    try:
        yield
    except BROKEN as error:
        broken = error
        if child.stdout and child.stdout.read(1):
            child.kill()  # what else comes is of no use, and may be without an end
    errors = child.communicate()[1].decode(errors="replace")
    if child.returncode and any(words in errors.lower() for words in MISSING):
        raise FileNotFoundError(path)
    if child.returncode or broken:
        _require(Answer(child.returncode or 1, "", errors or str(broken)), f"{path} does not come")


def _require(answer: Answer, what: str) -> None:
    """Raise EngineError with what the engine said if an answer is none that was hoped for."""
    if answer.ok:
        return
    why = foreign_words.last_line(answer.errors)
    if answer.code == TIMED_OUT and not answer.errors:
        why = f"it was silent for {ENGINE_S:g} s"
    raise EngineError(
        f"{what} ({why}); make sure that {elsewhere.by_ssh()} answers "
        "and has room, and run this again: what is there is kept"
    )
