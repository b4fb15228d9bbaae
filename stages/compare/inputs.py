"""Read the profiles that are there, and refuse to compare unlike with unlike."""

import sys
from dataclasses import dataclass

from stages.artifacts import (
    Artifacts,
    read_record,
    require_current,
    verify,
)
from stages.common.summaries import summaries
from stages.errors import InputCorruptError, InputStaleError, StageError
from stages.files.checksums import read_checksums, sha256
from stages.program.host_path import shown
from stages.program.printable import printable
from stages.records.cpu_generations import full_name
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import QuantizeFolder

MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class RuntimeProfile:
    """The profile of one runtime with its summaries, and the sha256 of its checksum list.

    `quantized` is how its models were made, None if that can't be read.
    """

    record: ProfileRecord
    sha256: str
    summaries: list[ModelSummary]
    quantized: QuantizeRecord | None = None

    @property
    def runtime(self) -> str:
        """The runtime that was measured."""
        return self.record.runtime


def read_profiles(artifacts: Artifacts, program: str = "compare") -> list[RuntimeProfile]:
    """Return the profile of each runtime that has a current one, in the order of RUNTIME_NAMES.

    One that was made from other inputs than those present is left out, with a line of `program`
    on stderr. Raises InputMissingError if there is none, and InputStaleError if none is current,
    or if two were measured under different conditions.
    """
    there = [name for name in RUNTIME_NAMES if artifacts.profile(name).path.is_dir()]
    runtimes = there or [*RUNTIME_NAMES[:1]]
    profiles: list[RuntimeProfile] = []
    for runtime in runtimes:
        try:
            profiles.append(_read(artifacts, runtime))
        except InputStaleError as error:
            if runtime == runtimes[-1] and not profiles:
                raise
            reason = shown(error)
            print(f"{program}: {runtime} is left out: {reason}", file=sys.stderr)
    for other in profiles[1:]:
        _require_alike(artifacts, profiles[0], other)
    return profiles


def _read(artifacts: Artifacts, runtime: str) -> RuntimeProfile:
    folder = artifacts.profile(runtime)
    sums = verify(folder.path)
    record = read_record(folder.record, ProfileRecord)
    if record.runtime != runtime:
        raise InputCorruptError(
            f"{folder.record} is of runtime {record.runtime}; run the profile stage again"
        )
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    require_current(folder.path, record.quantize_sha256, artifacts.quantize(runtime).path)
    quantized = _quantized(artifacts.quantize(runtime))
    return RuntimeProfile(record, sums, summaries(record), quantized)


def _quantized(folder: QuantizeFolder) -> QuantizeRecord | None:
    """Return what quantize recorded; None if it is not as it left it, which costs no comparison."""
    try:
        listed = read_checksums(folder.path, "run quantize again")
        if not folder.record.is_file() or listed.get(folder.record.name) != sha256(folder.record):
            return None
        return read_record(folder.record, QuantizeRecord)
    except StageError:
        return None


def _require_alike(artifacts: Artifacts, first: RuntimeProfile, other: RuntimeProfile) -> None:
    others = _conditions(other.record)
    for name, value in _conditions(first.record).items():
        if others[name] != value:
            raise InputStaleError(
                f"{artifacts.profile(other.runtime).path} was measured with {name} "
                f"{printable(others[name], MAX_SHOWN)}, "
                f"{artifacts.profile(first.runtime).path} with {printable(value, MAX_SHOWN)}; "
                "run the profile stage again for both"
            )


def _conditions(record: ProfileRecord) -> dict[str, str]:
    """Return by name, as text, all that must be the same for throughputs to be compared."""
    host = record.host
    sizes = {cell.measurement.offline.batch_size for cell in record.cells if cell.measurement}
    return {
        "CPU": full_name(host.cpu_model, host.cpu_id),
        "kernel": host.kernel,
        "cores": ",".join(map(str, host.cores_pinned)),
        "batch size": ",".join(map(str, sorted(sizes))),
    }
