"""Send jobs to Slurm, each once: what was sent by a submit that was killed is found again."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from docker.host.network import without_network
from docker.paths import ROOT
from docker.submit import slurm, state
from docker.submit.order import DEFAULT_LIMIT, Order
from docker.submit.standing import DAMAGED, checked, standings
from docker.submit.state import KINDS, NOT_FOR_JOBS, STORED, Job, Submit, bundle_of, log_pattern
from stages.artifacts import Artifacts, verify
from stages.errors import ArtifactsBusyError, SettingsError, StageError
from stages.files import left_overs
from stages.folder.access import reading
from stages.folder.usable import prepare
from stages.settings import ENV_PREFIX, env_name

SCRIPT = Path("deploy", "batch", "run_job.sh")
# What a site may ask of each job. By others of sbatch's variables it would wait for the job, make
# many of it, or give it another cluster, signal, file or name.
OF_THE_SITE = frozenset(
    f"SBATCH_{name}"
    for name in (
        *("ACCOUNT", "ACCTG_FREQ", "CORE_SPEC", "DEBUG", "DELAY_BOOT", "GPUS", "GPUS_PER_NODE"),
        *("GRES", "MEM_PER_CPU", "MEM_PER_NODE", "NETWORK", "PARTITION", "POWER", "PROFILE"),
        *("QOS", "RESERVATION", "THREAD_SPEC", "TIMELIMIT", "WCKEY"),
    )
)
# Variables of all of Slurm's programs that sbatch heeds, too.
OF_ALL_PROGRAMS = ("SLURM_CLUSTERS", "SLURM_HINT")


def require_nodes(kinds: Iterable[str]) -> None:
    """Raise SettingsError for a kind that no node is of, SchedulerError without a scheduler."""
    there = slurm.features()
    for kind in kinds:
        if kind not in there:
            known = ", ".join(sorted(there & {*KINDS})) or "none that this knows"
            raise SettingsError(
                f"no node of this cluster has the feature {kind}; there are: {known}"
            )


def unfinished(folder: Path, order: Order) -> Submit | None:
    """Return the last submit if it is of this order and still at work, None if it is over.

    It has the order's limit, if that has one. Raises ArtifactsBusyError if another is at work.
    """
    last = state.last(folder)
    if last is None:
        return None
    last = adopt(last)
    if all(it.is_over for it in standings(folder, last)):
        return None
    if not _is_of(order, last):
        raise ArtifactsBusyError(
            f"the jobs of submit {last.id} are not over; wait (`invoke jobs`), end them (`invoke "
            "cancel`), or give another folder by --artifacts"
        )
    limit = last.pending_limit if order.pending_limit is None else order.pending_limit
    return msgspec.structs.replace(last, pending_limit=limit)


def _is_of(order: Order, submit: Submit) -> bool:
    kinds = tuple(job.kind for job in submit.jobs)
    same = (kinds, submit.settings, submit.runner) == (order.kinds, order.of_jobs, order.runner)
    return same and submit.of_model in ("", state.digest(submit.id, order.of_model))


def begin(folder: Path, artifacts: Path, order: Order, runtime: str) -> Submit:
    """Write down a new submit, none of whose jobs is sent, and return it."""
    if before := state.last(folder):
        state.write(folder, disowned(before))
    name = state.new_id(folder)
    with reading(artifacts, "submit") as made:
        parts = (made.train.path, made.quantize(runtime).path)
        inputs = {path.name: verify(path) for path in parts}
    submit = Submit(
        id=name,
        runner=order.runner,
        settings={**order.of_jobs},
        of_model=state.digest(name, order.of_model),
        inputs=inputs,
        pending_limit=DEFAULT_LIMIT if order.pending_limit is None else order.pending_limit,
        jobs=[Job(kind=kind, name=state.job_name(name, kind)) for kind in order.kinds],
    )
    state.write(folder, submit)
    return submit


def again(folder: Path) -> Submit:
    """Return the last submit with a new job in place of each that ended without a whole bundle."""
    submit = adopt(state.require_last(folder))
    for it in checked(standings(folder, submit)):
        if it.is_over and it.word != "done":
            if it.word == DAMAGED:
                bundle_of(folder, submit, it.job).unlink(missing_ok=True)
            name = state.job_name(submit.id, it.job.kind)
            submit = submit.but(Job(kind=it.job.kind, name=name))
    state.write(folder, submit)
    return submit


def send_all(folder: Path, artifacts: Path, submit: Submit, clone: Path = ROOT) -> Submit:
    """Send each job that is not sent yet, and write down its number; return the submit then."""
    for job in submit.jobs:
        is_done = bundle_of(folder, submit, job).is_file()
        if not job.id and not job.refusal and not is_done:
            share(artifacts, folder / submit.id / job.kind, submit.inputs)
            submit = submit.but(_found(job) or _sent(folder, submit, job, clone))
            state.write(folder, submit)
    return submit


def adopt(submit: Submit) -> Submit:
    """Return it with the numbers of jobs that were sent, though none was written down.

    What was refused may be there by now: a busy controller takes a job later than sbatch waits.
    Nothing is written: a submit may be at work.
    """
    for job in submit.jobs:
        if not job.id and (found := _found(job)):
            submit = submit.but(found)
    return submit


def disowned(submit: Submit) -> Submit:
    """Return it with another name for each job that has no number.

    One that Slurm takes by and by then finds its name there no more, and measures nothing.
    """
    for job in submit.jobs:
        if not job.id:
            submit = submit.but(_renamed(submit, job))
    return submit


def _renamed(submit: Submit, job: Job) -> Job:
    return msgspec.structs.replace(job, name=state.job_name(submit.id, job.kind))


def share(artifacts: Path, place: Path, inputs: Mapping[str, str]) -> None:
    """Copy what all jobs start from to a job's own folder of artifacts, unless it is there.

    Raises StageError if what is there by now is another than the submit began with.
    """
    own = Artifacts(prepare(place)).root
    for name, expected in inputs.items():
        if _is_there(own / name, expected):
            continue
        if os.path.lexists(own / name):
            left_overs.discard(own / name)
        with reading(artifacts, "submit") as made:
            if verify(made.root / name) != expected:
                raise SettingsError(
                    f"{made.root / name} is another than the submit began with; submit again, "
                    "without --again"
                )
            shutil.copytree(made.root / name, own / name, symlinks=True)


def _is_there(folder: Path, expected: str) -> bool:
    try:
        return verify(folder) == expected
    except StageError:
        return False


def _found(job: Job) -> Job | None:
    """Return a job with its number, None if Slurm knows none of its name."""
    number = slurm.find(job.name)
    return msgspec.structs.replace(job, id=number, refusal="") if number else None


def _sent(folder: Path, submit: Submit, job: Job, clone: Path) -> Job:
    """Send a job, by a name that no try before had: what came of that may be there later."""
    job = _renamed(submit, job)
    submit = submit.but(job)
    state.write(folder, submit)
    try:
        options = _options(folder, submit, job, clone)
        number = slurm.send(job.name, options, variables(folder, submit, job), clone)
    except slurm.RefusedError as error:
        return msgspec.structs.replace(job, refusal=str(error))
    return msgspec.structs.replace(job, id=number)


def _options(folder: Path, submit: Submit, job: Job, clone: Path) -> list[str]:
    return [
        *(f"--constraint={job.kind}", "--exclusive", "--no-requeue", "--export=ALL"),
        f"--output={log_pattern(folder, submit, job)}",
        str(clone / SCRIPT),
    ]


def variables(folder: Path, submit: Submit, job: Job) -> dict[str, str]:
    """Return the environment of a job: the user's, with the settings of the submit alone.

    The others are empty, or the job would read them in the .env that the clone has by then.
    """
    environ = without_network(os.environ)
    environ = {
        name: text
        for name, text in environ.items()
        if name in OF_THE_SITE or not _changes_jobs(name)
    }
    for name in {*STORED, *NOT_FOR_JOBS} - {"cores"}:
        environ[env_name(name)] = ""
    chosen = {env_name(name): text for name, text in submit.settings.items()}
    own = {
        "LABEL": job.kind,
        "TASKS": "profile compare",
        "RUNNER": submit.runner,
        "OPTIONS": "",
        "BUNDLE": str(bundle_of(folder, submit, job)),
        "SUBMIT_JSON": str(folder / submit.id / state.STATE),
        env_name("artifacts"): str(folder / submit.id / job.kind),
    }
    return {**environ, **chosen, **own}


def _changes_jobs(name: str) -> bool:
    return name.startswith(("SBATCH_", ENV_PREFIX)) or name in OF_ALL_PROGRAMS
