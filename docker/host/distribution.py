"""Which distribution this is, and what its packages are called.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass

from stages.program.printable import printable

DEBIAN, UBUNTU = "debian", "ubuntu"
ENGINE_PACKAGES = {
    DEBIAN: ("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
    UBUNTU: ("docker.io", "docker-buildx", "docker-compose-v2"),
}
MIN_VERSIONS = {DEBIAN: 12, UBUNTU: 22}
# What others are made from: derivatives name a release of theirs by its code name.
CODE_NAMES = {
    "buster": 10,
    "bullseye": 11,
    "bookworm": 12,
    "trixie": 13,
    "bionic": 18,
    "focal": 20,
    "jammy": 22,
    "noble": 24,
}
# For a release without a number: Debian's testing and unstable, or a derivative that never ends.
NEWEST = 9999
MAX_DIGITS = 4
MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Distribution:
    """What this machine's packages are those of.

    - `name`: as it calls itself, for people.
    - `family`: whose packages it has, DEBIAN or UBUNTU, empty for any other.
    - `version`: the number of that family's release.
    """

    name: str
    family: str
    version: int

    @property
    def is_supported(self) -> bool:
        """Whether packages can be installed from here."""
        return bool(self.family) and self.version >= MIN_VERSIONS[self.family]

    @property
    def takes_engine_from_next(self) -> bool:
        """Whether the engine must come from the next release, as on Debian 12."""
        return self.family == DEBIAN and self.version == CODE_NAMES["bookworm"]


def this_distribution() -> Distribution:
    """Return this machine's distribution, as its os-release file has it."""
    try:
        return parse(platform.freedesktop_os_release())
    except (OSError, ValueError):
        return Distribution("a system without /etc/os-release", "", 0)


def parse(release: Mapping[str, str]) -> Distribution:
    """Return the distribution that the fields of an os-release file describe."""
    own = release.get("ID", "").lower()
    name = printable(release.get("PRETTY_NAME") or own or "an unnamed system", MAX_NAME)
    if own in MIN_VERSIONS:
        return Distribution(name, own, _number(release))
    parents = release.get("ID_LIKE", "").lower().split()
    family = next((parent for parent in (UBUNTU, DEBIAN) if parent in parents), "")
    code_name = release.get(f"{family.upper()}_CODENAME", "")
    return Distribution(name, family, CODE_NAMES.get(code_name.lower(), NEWEST) if family else 0)


def _number(release: Mapping[str, str]) -> int:
    number = release.get("VERSION_ID", "").partition(".")[0]
    plain = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS
    return int(number) if plain else NEWEST
