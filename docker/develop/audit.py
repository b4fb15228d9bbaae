"""Known vulnerabilities of all locked Python packages, as pip-audit finds them.

pip-audit asks OSV (https://osv.dev) of each package, or the copy of a database on this machine.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from docker.build import requirements
from docker.develop.checks import search_path
from docker.paths import REQUIREMENTS
from stages.errors import DownloadError, StageError
from stages.folder.full_disk import temporary_directory
from stages.program.printable import printable
from stages.setting import foreign_words

PROGRAM = "pip-audit"
OSV, OSV_VARIABLE = "https://api.osv.dev/v1/query", "PIP_AUDIT_OSV_URL"
# What is installed under one name and may be reported under another, as it is the same code.
OTHER_NAMES = {"tensorflow-cpu": "tensorflow", "tf-keras": "keras"}
# The days after which a copy of a database is called old.
MAX_AGE = 30

Pin = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """An advisory of a version of a package, and the versions that fix it, if any does."""

    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def ids(self) -> set[str]:
        """All names of the advisory."""
        return {self.id, *self.aliases}


@dataclass(frozen=True, slots=True)
class Source:
    """Who is asked: an address, and what to say of it.

    A copy of a database also has the names of its advisories, and the day of the newest one.
    """

    url: str
    about: str
    known: frozenset[str] | None = None
    newest: date | None = None

    def conclusion(self, found: int) -> str:
        """Return what was found, in words that hold no longer than what was asked."""
        if self.newest is None:
            return f"{found or 'no'} known vulnerabilities, none without a verdict"
        some = f"{found} known vulnerabilities" if found else "none"
        verdicts = ", none without a verdict" if found else ""
        return f"{some} in this copy of {self.newest}{verdicts}"

    def warning(self, today: date) -> str:
        """Return what to say of an old copy, "" if there is nothing."""
        days = (today - self.newest).days if self.newest else 0
        if days <= MAX_AGE:
            return ""
        return (
            f"this copy is {days} days old, and what was found since is not in it; get a newer one"
        )


class _Vulnerability(msgspec.Struct):
    id: str
    aliases: list[str]
    fix_versions: list[str]


class _Dependency(msgspec.Struct):
    name: str
    version: str
    vulns: list[_Vulnerability]


class _Answer(msgspec.Struct):
    dependencies: list[_Dependency]


def locked_pins() -> dict[Pin, list[str]]:
    """Return the lock files that have each version of a package, that of any Python and system.

    A package that may be reported under another name is in it by both.
    """
    locks: dict[Pin, list[str]] = {}
    files = set(REQUIREMENTS.glob("*.txt")) - {requirements.ABSENT}
    for lock in sorted(path.stem for path in files):
        for package, version in requirements.locked_versions(lock):
            for name in (package, OTHER_NAMES.get(package, package)):
                known = locks.setdefault((name, version), [])
                known.extend([lock] if lock not in known else [])
    return locks


@contextmanager
def source(folder: Path | None) -> Iterator[Source]:
    """Yield whom to ask: OSV, or, while the context is open, a copy of a database.

    Raises StageError if pip-audit is missing, SettingsError if `folder` has no such copy,
    InputCorruptError if it is damaged.
    """
    # First, as what reads a database takes packages that come with it.
    if not shutil.which(PROGRAM, path=search_path()):
        raise StageError(f"{PROGRAM} is missing; `./bootstrap.py --no-engine audit` installs it")
    if folder is None:
        url = os.environ.get(OSV_VARIABLE) or OSV
        yield Source(url, f"asking {url}")
        return
    # These take packages of the develop lock, which a host that only runs stages doesn't have.
    from docker.develop.advisories import read_database
    from docker.develop.osv_server import serving

    database = read_database(folder)
    where = f"in {printable(str(folder))}, the newest of {database.newest}"
    about = f"{len(database.advisories)} advisories {where}"
    with serving(database) as url:
        yield Source(url, about, frozenset(database.ids), database.newest)


def find(pins: Iterable[Pin], asked: Source) -> list[Finding]:
    """Return what is known of these versions of packages, each of them asked for once.

    Raises DownloadError if OSV gives no answer, StageError if pip-audit fails.
    """
    return sorted(finding for batch in _batches(pins) for finding in _ask(batch, asked))


def _batches(pins: Iterable[Pin]) -> list[list[Pin]]:
    """Return the pins in lists that have one version of a package each: pip-audit wants that."""
    batches: list[dict[str, str]] = []
    for package, version in pins:
        batch = next((batch for batch in batches if package not in batch), None)
        if batch is None:
            batches.append(batch := {})
        batch[package] = version
    return [list(batch.items()) for batch in batches]


def _ask(pins: Sequence[Pin], asked: Source) -> Iterator[Finding]:
    answer = _answer(pins, asked)
    if {(package.name, package.version) for package in answer.dependencies} != {*pins}:
        raise StageError(f"{PROGRAM} left out some packages; compare the lock with its output")
    for package in answer.dependencies:
        for known in package.vulns:
            aliases = tuple(sorted(known.aliases))
            fixed = tuple(known.fix_versions)
            yield Finding(package.name, package.version, known.id, aliases, fixed)


def _answer(pins: Sequence[Pin], asked: Source) -> _Answer:
    with temporary_directory("audit-") as name:
        packages, answer = Path(name, "packages.txt"), Path(name, "answer.json")
        packages.write_text("".join(f"{package}=={version}\n" for package, version in pins))
        # Not the locks themselves: of those it would leave out what is for another Python.
        options = [f"--requirement={packages}", "--no-deps", "--disable-pip", f"--output={answer}"]
        options += ["--vulnerability-service=osv", f"--osv-url={asked.url}", "--format=json"]
        options += ["--desc=off", "--aliases=on", "--progress-spinner=off", f"--cache-dir={name}"]
        done = subprocess.run(
            [PROGRAM, *options],
            env=_environment(asked),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        # It ends with 1 both if it found something and if it failed; then it has written nothing.
        if not answer.is_file():
            raise _failure(asked, done.stderr)
        return _decode(answer.read_bytes())


def _environment(asked: Source) -> Mapping[str, str]:
    # A proxy would be asked for what is on this machine.
    direct = {} if asked.known is None else {"NO_PROXY": "*", "no_proxy": "*"}
    return {**os.environ, "PATH": search_path(), **direct}


def _failure(asked: Source, stderr: str) -> StageError:
    said = foreign_words.last_line(stderr, limit=300)
    if asked.known is not None:
        return StageError(f"{PROGRAM} failed ({said}); see to that first")
    return DownloadError(
        f"{asked.url} gave no answer ({said}); connect to the network, set the proxy "
        "variables, or give a copy of github.com/pypa/advisory-database as `--database`"
    )


def _decode(text: bytes) -> _Answer:
    try:
        return msgspec.json.decode(text, type=_Answer)
    except msgspec.MsgspecError as error:
        raise StageError(f"{PROGRAM}'s answer has another form ({error}); lock another") from None
