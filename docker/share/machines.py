"""`invoke diff`: artifacts folders and bundles, opened and set side by side."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from docker.share.bundle import MANIFEST, checked_bundle
from docker.share.output import (
    agree_to_replace,
    begins,
    require_writable,
    write_together,
    writing_alone,
)
from docker.standing import from_here
from stages.artifacts import Artifacts
from stages.errors import NotTrustedError, SettingsError, StageError
from stages.evidence.collect import ARTIFACTS_FOLDER
from stages.evidence.given import not_there
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle
from stages.files.checksums import sha256
from stages.folder.access import reading
from stages.machines.alike import require_alike
from stages.machines.cost_table import render_costs
from stages.machines.costs import Bounds, read_bounds
from stages.machines.entries import Entry, entries_of
from stages.machines.export import as_csv, as_markdown
from stages.machines.machine import MAX_NAME, PROGRAM, Machine, distinct, read_machine
from stages.machines.prices import PriceTable, prices_of, read_prices, today
from stages.machines.table import render
from stages.program.printable import printable

# NAME=PATH: few clouds show a machine what its type is called.
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)", re.DOTALL)
CSV, MARKDOWN = "summary.csv", "summary.md"
# How each of them begins: another program's file of its name is not replaced.
BEGINNINGS = {CSV: "machine,", MARKDOWN: "| machine |"}
BY_SAMPLES, BY_FILES = "each figure, by its samples", "each file, by its checksum"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is given on the command line, each text empty if it is not."""

    machines: Sequence[str]
    prices: str = ""
    latency_ms: str = ""
    loss: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A machine as it is given on a command line: its name, empty if none, and where it is."""

    name: str
    path: Path


def side_by_side(asked: Asked, artifacts: Path) -> Iterator[str]:
    """Yield the comparison, what it costs if there are prices, and which files were written.

    None is written among `artifacts`. Raises NotTrustedError at the end if what was measured on a
    machine is in doubt as a whole; before, SettingsError, NotWritableError, InputStaleError if the
    machines' models or data differ, and what `verify_bundle` and `read_profiles` raise.
    """
    given = [read_given(text) for text in asked.machines]
    table, bounds = _prices_and_bounds(asked)
    if asked.output:
        _require_place(from_here(asked.output), [artifacts, *(one.path for one in given)])
    machines = read_machines(given)
    entries = entries_of(machines, prices_of(machines, table) if table else {})
    yield render(machines, entries)
    if table:
        yield f"\n{render_costs(machines, entries, bounds)}"
    if asked.output:
        yield from _write_summaries(entries, from_here(asked.output))
    require_trusted(machines)


def read_given(text: str) -> Given:
    """Return what `PATH` or `NAME=PATH` names; a file that is really called so is a path."""
    named = NAMED.fullmatch(text)
    if named and not from_here(text).exists():
        if len(named[1]) > MAX_NAME:
            start = f"the name {named[1][:20]}..."
            raise SettingsError(f"{start} has more than {MAX_NAME} characters; shorten it")
        # A shell expands no tilde behind a name.
        return Given(named[1], from_here(os.path.expanduser(named[2])))  # noqa: PTH111
    return Given("", from_here(text))


def require_there(given: Sequence[Given]) -> None:
    """Raise InputMissingError for a machine of which nothing is there: neither file nor folder."""
    for one in given:
        try:
            one.path.lstat()
        except OSError as error:
            raise not_there(one.path, error) from None


def read_machines(given: Sequence[Given]) -> list[Machine]:
    """Return what was measured on each machine, each under a name of its own.

    Raises SettingsError if none is given or two share rounds, InputStaleError if their
    models or data differ, and what `verify_bundle` and `read_profiles` raise.
    """
    if not given:
        raise SettingsError("diff needs machines; give folders of artifacts or bundles behind it")
    require_there(given)
    machines = distinct([_read(one) for one in given])
    require_alike(machines)
    return machines


def _prices_and_bounds(asked: Asked) -> tuple[PriceTable | None, Bounds]:
    bounds = read_bounds(asked.latency_ms, asked.loss)
    if asked.prices:
        return read_prices(from_here(asked.prices), today()), bounds
    if bounds != Bounds():
        raise SettingsError("latency_ms and loss are bounds of what is cheapest; give prices, too")
    return None, bounds


@contextmanager
def opened(given: Given, program: str = PROGRAM) -> Iterator[tuple[Machine, Artifacts]]:
    """Yield what was measured on a machine, checked, with its artifacts, which stay meanwhile.

    Raises what `verify_bundle` and `read_profiles` raise, with the path if there is none in it.
    """
    with ExitStack() as stack:
        with _naming(given.path):
            of_kind = _of_folder if given.path.is_dir() else _of_bundle
            found = stack.enter_context(of_kind(given, program))
        yield found


def _read(given: Given) -> Machine:
    with opened(given) as (machine, _):
        return machine


@contextmanager
def _of_folder(given: Given, program: str) -> Iterator[tuple[Machine, Artifacts]]:
    if (given.path / ARTIFACTS_FOLDER).is_dir() and (given.path / MANIFEST).is_file():
        raise SettingsError("it is an unpacked bundle; give the bundle itself")
    with reading(given.path, program) as artifacts:
        yield read_machine(artifacts, given.name, given.path.name, BY_FILES, program), artifacts


@contextmanager
def _of_bundle(given: Given, program: str) -> Iterator[tuple[Machine, Artifacts]]:
    name = given.path.name.removesuffix(".xz").removesuffix(".tar")
    with checked_bundle(given.path) as (folder, _):
        artifacts = Artifacts(folder / ARTIFACTS_FOLDER)
        with as_of_a_bundle(folder, GET_AGAIN):
            machine = read_machine(artifacts, given.name, name, BY_SAMPLES, program)
        yield replace(machine, bundle_sha256=sha256(given.path)), artifacts


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error say which of several machines it is about."""
    try:
        yield
    except StageError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from None


def _require_place(output: Path, artifacts: Sequence[Path]) -> None:
    for folder in artifacts:
        for name in (CSV, MARKDOWN):
            require_writable(output / name, folder)


def _write_summaries(entries: Sequence[Entry], output: Path) -> Iterator[str]:
    """Write all cells as CSV and as Markdown; yield what is to be said of it."""
    texts = {CSV: as_csv(entries), MARKDOWN: as_markdown(entries)}
    with writing_alone(output):
        said = {
            name: agree_to_replace(output / name, partial(begins, start))
            for name, start in BEGINNINGS.items()
        }
        write_together(output, texts)
    for name in texts:
        wrote = f"wrote {printable(str(output / name))}"
        yield "\n".join(f"{PROGRAM}: {line}" for line in [*said[name], wrote])


def require_trusted(machines: Sequence[Machine]) -> None:
    """Raise NotTrustedError if what was measured on a machine is in doubt as a whole."""
    remedies = {machine.name: doubt for machine in machines if (doubt := _remedy_of(machine))}
    if remedies:
        each = (
            f"{remedy} on {' and '.join(name for name, own in remedies.items() if own == remedy)}"
            for remedy in dict.fromkeys(remedies.values())
        )
        raise NotTrustedError(
            f"what was measured on {' and '.join(remedies)} is not to be trusted; {', '.join(each)}"
        )


def _remedy_of(machine: Machine) -> str:
    """Return what to do about what is in doubt on a machine; empty if nothing is."""
    doubtful = [one for one in machine.runtimes.values() if not one.trusted]
    if not doubtful:
        return ""
    if all(one.rounds_may_help for one in doubtful):
        return "add rounds by `invoke profile --more compare`"
    return "measure again by `invoke profile compare`"
