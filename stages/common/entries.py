"""Every model that quantize left, with the interpreter that runs it, or why it can't run."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stages.artifacts import Artifacts, read_record, require_current, verify
from stages.errors import InputCorruptError, InputMissingError, SettingsError, StageError
from stages.files.member import is_inside
from stages.precisions import PRECISION_NAMES
from stages.program.printable import printable
from stages.records.quantize import QuantizeRecord, Variant
from stages.runtimes import PEERS_RUNTIME, RUNTIME_NAMES, RUNTIMES, Runtime, get_runtime
from stages.settings import Settings, env_name


@dataclass(frozen=True, slots=True)
class Entry:
    """A backend at a precision, with its model and the interpreter that runs it.

    `missing` is the reason why it can't run, None if it can.
    """

    backend: str
    precision: str
    model: Path = Path()
    python: str = sys.executable
    missing: str | None = None

    @property
    def name(self) -> str:
        """The name for files and messages."""
        return f"{self.backend}_{self.precision}"

    @property
    def is_ours(self) -> bool:
        """Whether one of our runtimes runs it, not a peer."""
        return self.backend in RUNTIME_NAMES

    @property
    def module(self) -> str:
        """The module of stages.common.backends that runs it; a peer is a backend itself."""
        return get_runtime(self.backend).backend if self.is_ours else self.backend


@dataclass(slots=True)
class OurEntries:
    """Our entries, and by runtime the sha256 of the checksums of the quantize folder."""

    entries: list[Entry] = field(default_factory=list)
    quantize_sha256: dict[str, str] = field(default_factory=dict)


def find_ours(artifacts: Artifacts, interpreters: Mapping[str, str]) -> OurEntries:
    """Return the entries of every runtime, with the reason for those that can't run.

    `interpreters` are those of runtimes in other environments, by the setting that names each,
    empty if there is none. Raises SettingsError if one is no file. If no model of ours can run, it
    raises what is wrong with quantize's folder, or InputMissingError.
    """
    _require_files(interpreters)
    ours = OurEntries()
    problems: list[StageError] = []
    for runtime in RUNTIME_NAMES:
        try:
            record = _read_quantize(artifacts, runtime, ours)
        except StageError as error:
            problems.append(error)
            ours.entries += _all_missing(runtime, without_root(artifacts, error))
        else:
            ours.entries += [
                _own(artifacts, runtime, variant, interpreters) for variant in record.variants
            ]
    if not runnable(ours.entries):
        raise _why_none(ours.entries, problems)
    return ours


def without_root(artifacts: Artifacts, error: StageError) -> str:
    """Return an error's message for a record: its paths begin in the artifacts folder."""
    return str(error).replace(f"{artifacts.root}/", "")


def interpreters_of(settings: Settings) -> dict[str, str]:
    """Return the interpreters of runtimes in other environments, by the setting for each."""
    names = [runtime.interpreter_setting for runtime in RUNTIMES if runtime.interpreter_setting]
    return {name: getattr(settings, name) for name in names}


def runnable(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that can run."""
    return [entry for entry in entries if entry.missing is None]


def interpreters(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the interpreter of each runtime of which an entry can run."""
    return {entry.backend: entry.python for entry in runnable(entries)}


def _require_files(interpreters: Mapping[str, str]) -> None:
    for setting, path in interpreters.items():
        if path and not Path(path).is_file():
            raise SettingsError(f"{setting} {path!r} is no file; give a Python interpreter")


def _read_quantize(artifacts: Artifacts, runtime: str, ours: OurEntries) -> QuantizeRecord:
    folder = artifacts.quantize(runtime)
    sha256 = verify(folder.path)
    record = read_record(folder.record, QuantizeRecord)
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    ours.quantize_sha256[runtime] = sha256
    return record


def _own(
    artifacts: Artifacts, runtime: str, variant: Variant, interpreters: Mapping[str, str]
) -> Entry:
    if variant.model is None:
        return Entry(runtime, variant.precision, missing=variant.missing or "quantize left none")
    python = _interpreter_of(get_runtime(runtime), interpreters)
    if not python:
        return Entry(runtime, variant.precision, missing=_no_interpreter(get_runtime(runtime)))
    if not is_inside(variant.model):
        raise InputCorruptError(
            f"{artifacts.quantize(runtime).record}: the model {printable(variant.model, 100)!r} is "
            "not in the artifacts; run the quantize stage again"
        )
    return Entry(runtime, variant.precision, artifacts.root / variant.model, python)


def _interpreter_of(runtime: Runtime, interpreters: Mapping[str, str]) -> str:
    """Return the interpreter that has a runtime, empty if there is none here."""
    if runtime.environment == get_runtime(PEERS_RUNTIME).environment:
        return sys.executable
    return interpreters.get(runtime.interpreter_setting, "")


def _no_interpreter(runtime: Runtime) -> str:
    setting = runtime.interpreter_setting
    remedy = f"; set {env_name(setting)} to one" if setting else ""
    return f"no interpreter has the {runtime.name} runtime{remedy}"


def _all_missing(runtime: str, reason: str) -> list[Entry]:
    return [Entry(runtime, precision, missing=reason) for precision in PRECISION_NAMES]


def _why_none(entries: Sequence[Entry], problems: Sequence[StageError]) -> StageError:
    """Return the error to raise if no entry can run: the first folder that is not merely missing.

    If each is missing, the first runtime's is the one to make.
    """
    wrong = (problem for problem in problems if not isinstance(problem, InputMissingError))
    if problem := next(wrong, None):
        return problem
    if len(problems) == len(RUNTIME_NAMES):
        return problems[0]
    reasons = dict.fromkeys(f"{entry.backend}: {entry.missing}" for entry in entries)
    return InputMissingError(
        f"no model of ours can run ({'; '.join(reasons)}); "
        f"run the quantize stage with runtime {PEERS_RUNTIME} first"
    )
