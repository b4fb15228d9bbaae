"""A copy of a database of advisories: which of them are of a version of a package.

Its files have the form that https://ossf.github.io/osv-schema describes, which also says how
versions are compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import msgspec
import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from stages.errors import InputCorruptError, SettingsError

ECOSYSTEM = "PyPI"
# Where the files are: in github.com/pypa/advisory-database, in github.com/github/advisory-database,
# and in what OSV packs, https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip.
PLACES = ("vulns/*/*.yaml", "advisories/github-reviewed/*/*/*/*.json", "*.json")


class Package(msgspec.Struct):
    """A package's name, as indexes spell it whatever the file does, and where it is published."""

    name: str
    ecosystem: str

    def __post_init__(self) -> None:
        self.name = canonicalize_name(self.name)


class Range(msgspec.Struct):
    """Events of one kind: each names a version at which something begins or ends."""

    type: str
    events: list[dict[str, str]]


class Affected(msgspec.Struct):
    """The versions of one package that an advisory is of: those listed and those in a range."""

    package: Package = msgspec.field(default_factory=lambda: Package("", ""))
    ranges: list[Range] = []
    versions: list[str] = []


class Advisory(msgspec.Struct, omit_defaults=True):
    """What is used of an advisory, of Python packages alone; `withdrawn` if it was none."""

    id: str
    modified: datetime
    affected: list[Affected] = []
    aliases: list[str] = []
    withdrawn: datetime | None = None

    def __post_init__(self) -> None:
        self.affected = [part for part in self.affected if part.package.ecosystem == ECOSYSTEM]


@dataclass(frozen=True, slots=True)
class Database:
    """All advisories of a copy, by the packages that they are of."""

    advisories: list[Advisory]
    by_package: dict[str, list[Advisory]]

    @property
    def newest(self) -> date:
        """The day of the last change of an advisory: how old the copy is."""
        return max(advisory.modified.date() for advisory in self.advisories)

    @property
    def ids(self) -> set[str]:
        """The names of all advisories, aliases among them."""
        return {name for entry in self.advisories for name in (entry.id, *entry.aliases)}

    def query(self, package: str, version: str) -> list[Advisory]:
        """Return the advisories of a version of a package, those that were withdrawn among them."""
        name = canonicalize_name(package)
        return [
            advisory
            for advisory in self.by_package.get(name, [])
            if any(_affects(part, name, version) for part in advisory.affected)
        ]


def read_database(folder: Path) -> Database:
    """Return the database that `folder` is a copy of.

    Raises SettingsError if it is none, and InputCorruptError if one of its files can't be read:
    an advisory that is passed over would look like none.
    """
    paths = sorted(path for place in PLACES for path in folder.glob(place))
    advisories = [advisory for path in paths if (advisory := _read(path)).affected]
    if not advisories:
        raise SettingsError(
            f"{folder} has no advisories of Python packages; give a copy of "
            "github.com/pypa/advisory-database, cloned or unpacked, as `--database`"
        )
    by_package: dict[str, list[Advisory]] = {}
    for advisory in advisories:
        for name in {part.package.name for part in advisory.affected}:
            by_package.setdefault(name, []).append(advisory)
    return Database(advisories, by_package)


def _read(path: Path) -> Advisory:
    try:
        if path.suffix == ".json":
            return msgspec.json.decode(path.read_bytes(), type=Advisory)
        return msgspec.convert(yaml.load(path.read_bytes(), yaml.CSafeLoader), Advisory)
    except (yaml.YAMLError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputCorruptError(f"{path} is no advisory ({reason}); get the copy again") from None


def _affects(part: Affected, package: str, version: str) -> bool:
    if part.package.name != package:
        return False
    if any(_same(listed, version) for listed in part.versions):
        return True
    ranges = [span.events for span in part.ranges if span.type == "ECOSYSTEM"]
    return any(_in_range(events, Version(version)) for events in ranges)


def _same(listed: str, version: str) -> bool:
    try:
        return Version(listed) == Version(version)
    except InvalidVersion:  # releases of before PEP 440
        return listed == version


def _in_range(events: Iterable[dict[str, str]], version: Version) -> bool:
    """Return whether a version is in a range, also if a bound is no version to compare it with."""
    try:
        bounds = sorted(_bounds(events))
    except InvalidVersion:
        return True
    limits = [limit for limit, kind in bounds if kind == "limit"]
    affected = False
    for bound, kind in bounds:
        if kind == "introduced" and _key(version) >= bound:
            affected = True
        elif (kind == "fixed" and _key(version) >= bound) or (
            kind == "last_affected" and _key(version) > bound
        ):
            affected = False
    return affected and (not limits or any(_key(version) < limit for limit in limits))


Bound = tuple[bool, Version]


def _bounds(events: Iterable[dict[str, str]]) -> Iterator[tuple[Bound, str]]:
    for event in events:
        for kind, text in event.items():
            if text != "*":  # a limit that is none
                # "0" stands for what is before all versions, 0.dev1 among them.
                begins = kind == "introduced" and text == "0"
                yield ((False, Version("0")) if begins else _key(Version(text))), kind


def _key(version: Version) -> Bound:
    return (True, version)
