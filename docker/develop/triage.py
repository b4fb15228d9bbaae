"""docker/requirements/audit.yaml: what was decided of each known vulnerability, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from docker.develop.audit import Finding, Pin
from docker.paths import REQUIREMENTS, ROOT
from stages.common.text import aligned
from stages.errors import InputCorruptError, VulnerabilityError
from stages.program.printable import printable

TRIAGE = REQUIREMENTS / "audit.yaml"
NOT_AFFECTED = "not affected"
UNTRIAGED = "NOT TRIAGED"
# What PyYAML raises beside its own errors, for tags whose value does not fit them.
OF_YAML = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)
# PyYAML takes quadratic time for what is nested; ours has one list for each verdict, or two.
MAX_BRACKETS = 1000
MAX_SHOWN = 300
HEAD = ("package", "version", "lock files", "advisory", "also known as", "fixed in", "triage")

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was decided of an advisory, for the versions of one package.

    - `id`, `aliases`: its names; one of them suffices to find it.
    - `decided`: the day of the decision, `date` in the file.
    - `until`: the day after which `accepted` and `to fix` no longer hold.
    - `reaches`: whom the vulnerability reaches, or would reach.
    """

    id: Text
    aliases: list[Text] = []
    package: Text
    versions: Annotated[list[Text], msgspec.Meta(min_length=1)]
    verdict: Literal["not affected", "accepted", "to fix"]
    reason: Text
    reaches: Text
    decided: date = msgspec.field(name="date")
    until: date | None = None

    def __post_init__(self) -> None:
        if (self.verdict == NOT_AFFECTED) != (self.until is None):
            raise ValueError(f"{self.id}: `until` goes with `accepted` and `to fix`, and must then")

    @property
    def ids(self) -> set[str]:
        """All names of the advisory."""
        return {self.id, *self.aliases}

    @property
    def pins(self) -> list[Pin]:
        """The versions of the package that it is for."""
        return [(self.package, version) for version in self.versions]

    def covers(self, finding: Finding) -> bool:
        """Return whether it was decided of this finding."""
        return (finding.package, finding.version) in self.pins and bool(self.ids & finding.ids)

    def holds(self, today: date) -> bool:
        """Return whether it has not expired."""
        return self.until is None or today <= self.until

    def in_words(self, today: date) -> str:
        """Return it for the table."""
        expired = "" if self.holds(today) else "EXPIRED: "
        return f"{expired}{self.verdict}" + (f" until {self.until}" if self.until else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each finding with its verdict, None if it has none, and verdicts without a finding.

    A verdict is `stale` if nothing is found that it is for. It is `unknown` if that may be because
    the database that was asked does not have its advisory at all.
    """

    found: list[tuple[Finding, Verdict | None]]
    stale: list[str]
    unknown: list[str]


def read_triage(path: Path) -> list[Verdict]:
    """Return the verdicts of the file.

    Raises InputCorruptError if it can't be read, or two of its verdicts are of the same finding.
    """
    try:
        content = _parsed(path.read_bytes())
        verdicts = msgspec.convert(content or [], list[Verdict])
    except (OSError, yaml.YAMLError, *OF_YAML) as error:
        reason = printable(" ".join(str(error).split()), MAX_SHOWN)
        raise InputCorruptError(f"{_named(path)} can't be read ({reason}); correct it") from None
    seen: set[tuple[Pin, str]] = set()
    for verdict in verdicts:
        keys = {(pin, name) for pin in verdict.pins for name in verdict.ids}
        if keys & seen:
            raise InputCorruptError(f"{_named(path)} has {verdict.id} twice; remove one")
        seen |= keys
    return verdicts


def _parsed(content: bytes) -> Any:
    if content.count(b"[") + content.count(b"{") > MAX_BRACKETS:
        raise ValueError(f"more than {MAX_BRACKETS} brackets")
    return yaml.safe_load(content)


def judge(
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    locked: Collection[Pin],
    known: Collection[str] | None = None,
) -> Outcome:
    """Hold the findings in the `locked` versions against the verdicts.

    `known` has the names of all advisories that were looked through, None if it was all there are.
    """
    found = [
        (finding, next((verdict for verdict in verdicts if verdict.covers(finding)), None))
        for finding in findings
    ]
    stale: list[str] = []
    unknown: list[str] = []
    for verdict in verdicts:
        hit = {(finding.package, finding.version) for finding, by in found if by is verdict}
        for package, version in [pin for pin in verdict.pins if pin not in hit]:
            judged = known is None or verdict.ids & {*known} or (package, version) not in locked
            (stale if judged else unknown).append(f"{verdict.id} of {package} {version}")
    return Outcome(found, stale, unknown)


def table(outcome: Outcome, locks: Mapping[Pin, Sequence[str]], today: date) -> str:
    """Return the findings as lines, a head above them; nothing if there is none."""
    rows = [
        (
            finding.package,
            finding.version,
            " ".join(locks[finding.package, finding.version]),
            finding.id,
            " ".join(finding.aliases) or "-",
            " ".join(finding.fixed) or "no version",
            verdict.in_words(today) if verdict else UNTRIAGED,
        )
        for finding, verdict in outcome.found
    ]
    return aligned([HEAD, *([printable(text) for text in row] for row in rows)]) if rows else ""


def require_triaged(outcome: Outcome, today: date) -> None:
    """Raise VulnerabilityError if a finding has no verdict that holds, or a verdict is stale."""
    open_ones = [
        f"{finding.id} of {finding.package} {finding.version}"
        for finding, verdict in outcome.found
        if not (verdict and verdict.holds(today))
    ]
    reasons = [f"no verdict holds for {', '.join(open_ones)}"] if open_ones else []
    if outcome.stale:
        reasons += [f"nothing is found any more for the verdict on {', '.join(outcome.stale)}"]
    if reasons:
        raise VulnerabilityError(f"{'; '.join(reasons)}; update or triage in {_named(TRIAGE)}")


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
