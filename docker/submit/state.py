"""What a submit remembers: which jobs were asked for, never how they are, which Slurm knows."""

import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import msgspec

from docker.share.output import written_whole
from stages.errors import InputCorruptError, InputMissingError
from stages.files.member import read_plain
from stages.records.fields import Sha256, doc
from stages.records.reading import ReadError, convert, parse

STATE, SUFFIX = "submit.json", "-submits"
MAX_BYTES = 2**20


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """One job: what was asked of Slurm, and its answer."""

    kind: Annotated[str, doc("Kind of node, which is a feature in Slurm, such as spr.")]
    name: Annotated[str, doc("Name of the job, which no other job has.")]
    id: Annotated[str, doc("Slurm's number of the job; empty as long as it is not known.")] = ""
    refusal: Annotated[str, doc("Why Slurm did not take it; empty if it did.")] = ""


class Submit(msgspec.Struct, kw_only=True, frozen=True):
    """submit.json: the jobs of one submit, and what they measure."""

    id: Annotated[str, doc("When it was made, and eight random digits.")]
    runner: Annotated[str, doc("docker, or local: how the jobs run their stages.")]
    settings: Annotated[dict[str, str], doc("Settings of the jobs that were given, by name.")]
    inputs: Annotated[dict[str, Sha256], doc("sha256 of the checksums of train and quantize.")]
    pending_limit: Annotated[int, doc("Minutes that a job may wait for a node; 0: any time.")]
    jobs: Annotated[list[Job], doc("The last job of each kind.")]

    def but(self, job: Job) -> "Submit":
        """Return it with another job of this kind."""
        jobs = [job if one.kind == job.kind else one for one in self.jobs]
        return msgspec.structs.replace(self, jobs=jobs)


def folder_of(artifacts: Path) -> Path:
    """Return the folder of submits: beside the artifacts, as these can't hold other artifacts."""
    return artifacts.with_name(artifacts.name + SUFFIX)


def new_id() -> str:
    """Return the name of a new submit, which sorts behind all that were made before."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def job_name(submit: str, kind: str) -> str:
    """Return the name of a new job, by which it is found if its number was never written down."""
    return f"vgg19-{submit}-{kind}-{secrets.token_hex(2)}"


def write(folder: Path, submit: Submit) -> None:
    """Write a submit to its folder among `folder`: the whole file, or none of it."""
    place = folder / submit.id
    place.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(submit), indent=1)
    with written_whole(place / STATE) as path:
        path.write_bytes(encoded + b"\n")


def last(folder: Path) -> Submit | None:
    """Return the last submit, None if there is none; InputCorruptError if it can't be read."""
    paths = sorted(folder.glob(f"*/{STATE}"))
    if not paths:
        return None
    try:
        return convert(parse(read_plain(paths[-1], MAX_BYTES)), Submit)
    except (ReadError, OSError) as error:
        raise InputCorruptError(
            f"{paths[-1]} can't be read ({error}); remove it, and submit again"
        ) from None


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
    """Return where a job's output goes."""
    return folder / submit.id / f"{job.kind}-{job.id or '%j'}.log"
