"""What a submit remembers: which jobs were asked for, never how they are, which Slurm knows."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from docker.host.asked import RUNNERS
from docker.share.output import written_whole
from stages.artifacts import Artifacts
from stages.errors import InputCorruptError, InputMissingError, SettingsError
from stages.files.member import read_plain
from stages.program.printable import printable
from stages.records.fields import END, Sha256, doc, doc_of_added
from stages.records.reading import ReadError, convert, parse
from stages.runtimes import RUNTIME_NAMES
from stages.setting.programs import STAGES
from stages.settings import specs_of

STATE, SUFFIX = "submit.json", "-submits"
MAX_BYTES = 2**20
# What run_job.sh checks a node's CPU for.
KINDS = ("spr", "emr", "gnr", "amx", "cpx", "icx", "clx", "skx")
MAX_LIMIT = 100_000
# Slurm's own are below 2**32; anything else would be an option of its programs.
NUMBER = "[0-9]{1,10}"
# Where a model comes from is train's matter, and may have passwords in it; artifacts are the job's.
NOT_FOR_JOBS = ("artifacts", "backbone", "data", "download_mirror", "model", "force")
# The settings that jobs get. An image's digest is said by whoever runs it.
STORED = frozenset(name for stage in STAGES for name in specs_of(stage)) - {*NOT_FOR_JOBS, "image"}
ID = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}"
TIME = "%Y%m%dT%H%M%SZ"
JOB = "vgg19-"


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """One job: what was asked of Slurm, and its answer."""

    kind: Annotated[str, doc("Kind of node, which is a feature in Slurm, such as spr.")]
    name: Annotated[str, doc("Name of the job, which no other job has.")]
    id: Annotated[
        str,
        Meta(pattern=f"^({NUMBER})?{END}"),
        doc("Slurm's number of the job; empty as long as it is not known."),
    ] = ""
    refusal: Annotated[str, doc("Why Slurm did not take it; empty if it did.")] = ""


class Submit(msgspec.Struct, kw_only=True, frozen=True):
    """submit.json: the jobs of one submit, and what they measure."""

    id: Annotated[
        str, Meta(pattern=f"^{ID}{END}"), doc("When it was made, and eight random digits.")
    ]
    runner: Annotated[str, doc("docker, apptainer or local; empty: each job by what its node has.")]
    settings: Annotated[dict[str, str], doc("Settings of the jobs that were in force, by name.")]
    of_model: Annotated[
        str,
        Meta(pattern=f"^([0-9a-f]{{64}})?{END}"),
        doc_of_added(
            "`digest` of the settings of data and model, which jobs don't get; empty: not known."
        ),
    ] = ""
    inputs: Annotated[dict[str, Sha256], doc("sha256 of the checksums of train and quantize.")]
    pending_limit: Annotated[
        int,
        Meta(ge=0, le=MAX_LIMIT),
        doc("Minutes that a job may wait for a node; 0: any time."),
    ]
    jobs: Annotated[list[Job], doc("The last job of each kind.")]

    def but(self, job: Job) -> "Submit":
        """Return it with another job of this kind."""
        jobs = [job if one.kind == job.kind else one for one in self.jobs]
        return msgspec.structs.replace(self, jobs=jobs)


def folder_of(artifacts: Path) -> Path:
    """Return the folder of submits: beside the artifacts, as these can't hold other artifacts."""
    return artifacts.with_name(artifacts.name + SUFFIX)


def new_id(folder: Path) -> str:
    """Return the name of a new submit, which sorts behind all in `folder`, whatever the clock."""
    now = datetime.now(timezone.utc)
    times = filter(None, (made(path.parent.name) for path in _states(folder)))
    latest = max([now, *(before + timedelta(seconds=1) for before in times)])
    return f"{latest:{TIME}}-{secrets.token_hex(4)}"


def made(name: str) -> datetime | None:
    """Return when a submit was made, by its name or a job's; None if it is none of ours."""
    text, _, _ = name.removeprefix(JOB).partition("-")
    with suppress(ValueError):
        return datetime.strptime(text, TIME).replace(tzinfo=timezone.utc)
    return None


def job_name(submit: str, kind: str) -> str:
    """Return the name of a new job, by which it is found if its number was never written down."""
    return f"{JOB}{submit}-{kind}-{secrets.token_hex(2)}"


def digest(submit: str, settings: Mapping[str, str]) -> str:
    """Return a hash of settings that shows none of them, and differs from submit to submit."""
    encoded = json.dumps([submit, {**settings}], sort_keys=True).encode()
    return hashlib.sha256(encoded).hexdigest()


def write(folder: Path, submit: Submit) -> None:
    """Write a submit to its folder among `folder`: the whole file, or none of it."""
    place = folder / submit.id
    place.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(submit), indent=1)
    with written_whole(place / STATE) as path:
        path.write_bytes(encoded + b"\n")


def last(folder: Path) -> Submit | None:
    """Return the last submit, None if there is none; InputCorruptError if it can't be read."""
    paths = _states(folder)
    return read(paths[-1]) if paths else None


def _states(folder: Path) -> list[Path]:
    """Return the file of each submit, the last one last.

    What may not be looked at is not passed over, as a glob does: its jobs may go on.
    """
    if not _is_there(folder):
        return []
    return sorted(path for place in folder.iterdir() if _is_there(path := place / STATE))


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read(path: Path) -> Submit:
    """Return the submit of a file; InputCorruptError if `write` can't have written it there.

    Folders are removed, jobs ended and variables set by what it says.
    """
    try:
        _require_no_link(path.parent)
        submit = convert(parse(read_plain(path, MAX_BYTES)), Submit)
        if odd := _odd_field(submit, path.parent.name):
            raise ReadError(f"no submit has such {odd} - at `$.{odd}`")
    except InputCorruptError:
        raise _not_read(path, "it is no plain file, or too large") from None
    except (ReadError, OSError) as error:
        raise _not_read(path, str(error)) from None
    return submit


def _not_read(path: Path, why: str) -> InputCorruptError:
    place = printable(path.parent.name)
    return InputCorruptError(
        f"{path} can't be read ({why}); its jobs may go on: `squeue --me -a -o '%A %j'` shows them "
        f"as vgg19-{place}-*, `scancel` and the number end one; then remove it, and submit again"
    )


def _require_no_link(place: Path) -> None:
    """Raise ReadError if a submit's folder, or what is in it, is a link: jobs write through it."""
    for path in (place, *sorted(place.iterdir())):
        if path.is_symlink():
            raise ReadError(f"{printable(path.name)} is a symlink, which no submit makes")


def _odd_field(submit: Submit, place: str) -> str:
    """Return the name of a field that no submit in a folder of this name has so, empty if none."""
    own = Artifacts(Path())
    inputs = {own.train.path.name, *(own.quantize(name).path.name for name in RUNTIME_NAMES)}
    is_odd = {
        "id": submit.id != place,
        "runner": submit.runner not in ("", *RUNNERS),
        "settings": not submit.settings.keys() <= STORED
        or any("\0" in text for text in submit.settings.values()),
        "inputs": not submit.inputs.keys() <= inputs,
        "jobs": not _are_jobs_of(submit),
    }
    return next((name for name, odd in is_odd.items() if odd), "")


def _are_jobs_of(submit: Submit) -> bool:
    kinds = [job.kind for job in submit.jobs]
    return 0 < len(kinds) == len({*kinds} & {*KINDS}) and all(
        re.fullmatch(f"vgg19-{submit.id}-{job.kind}-[0-9a-f]{{4}}", job.name) for job in submit.jobs
    )


def require_last(folder: Path) -> Submit:
    """Return the last submit; InputMissingError if there is none."""
    found = last(folder)
    if found is None:
        raise InputMissingError(
            f"{folder} has no submit; run `invoke submit --kinds spr,icx` first, or name by "
            "--artifacts the folder that it was given"
        )
    return found


def bundle_of(folder: Path, submit: Submit, job: Job) -> Path:
    """Return where a job leaves its bundle, the last thing that it does."""
    return folder / submit.id / f"{job.kind}.tar"


def log_of(folder: Path, submit: Submit, job: Job) -> Path:
    """Return where the output of a job goes whose number is known."""
    return folder / submit.id / f"{job.kind}-{job.id}.log"


def log_pattern(folder: Path, submit: Submit, job: Job) -> str:
    """Return the same as sbatch is given it, which puts the number in place of %j."""
    return f"{folder / submit.id}/".replace("%", "%%") + f"{job.kind}-%j.log"


def require_log_folder(folder: Path) -> None:
    """Raise SettingsError for a path in which Slurm would put nothing in place of %j."""
    if "\\" in str(folder):
        raise SettingsError(
            f"{folder} has a backslash, with which Slurm writes logs elsewhere; give another "
            "folder by --artifacts"
        )
