"""A Slurm of text files, whose programs are one script: what they are asked is written down."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from docker.submit import sending, slurm
from docker.submit.order import Order, settings_of_jobs, settings_of_model
from docker.submit.standing import standings
from docker.submit.state import Submit
from stages.artifacts import Artifacts
from stages.files.checksums import write_checksums
from stages.folder.usable import prepare

PROGRAM = """\
#!/bin/bash
cd "$CLUSTER" || exit 1
name=$(basename "$0")
echo "$name $*" >>calls
env >"had-$name"
[[ ! -e silent ]] || { echo "slurm_load: Unable to contact slurm controller" >&2; exit 1; }
[[ ! -e hidden || " $* " == *" --all "* || $name == sbatch ]] || exit 0
case $name in
  sinfo) echo "spr,fast"; echo icx; echo clx ;;
  squeue)
    looks=$(($(cat late-looks 2>/dev/null || echo 0) - 1))
    [[ $looks -lt 0 ]] || { echo "$looks" >late-looks && exit 0; }
    grep -lx "name=${@: -1}" job-* 2>/dev/null | cut -d- -f2 ;;
  sbatch)
    for word in "$@"; do
      [[ $word != --constraint=* || ! -e refuse-${word#*=} ]] ||
        { echo "sbatch: error: Batch job submission failed: queue is full" >&2; exit 1; }
      [[ $word != --job-name=* ]] || job=${word#*=}
    done
    [[ ! -e sent-nothing ]] || exit 0
    late=$(cat answers-late 2>/dev/null) || late=
    [[ $late != later ]] || job=$job.not-yet
    number=$(($(ls -d job-* 2>/dev/null | wc -l) + 1))
    echo "name=$job" >job-$number
    env >env-$number
    echo "JobId=$number JobState=PENDING Reason=Priority ExitCode=0:0 NodeList=" >state-$number
    [[ ! $late ]] || { echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1; }
    cat said 2>/dev/null || echo "$number;cluster" ;;
  scontrol)
    number=${@: -1}
    cat "answer-$number" 2>/dev/null && exit
    [[ -e state-$number ]] ||
      { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
    echo "JobName=$(cut -d= -f2 "job-$number") $(cat "state-$number")" ;;
  scancel)
    number=${@: -1}
    [[ ! -e deny ]] ||
      { echo "scancel: error: Kill job error on job id $number: Access denied" >&2; exit 1; }
    [[ ! -e deaf-$number ]] || exit 0
    [[ ! -e hangs-$number ]] || exec sleep 60
    [[ ! -e begins-$number ]] || mv "begins-$number" "state-$number"
    [[ $* != *--state=PENDING* ]] || grep -q "JobState=PENDING" "state-$number" || exit 0
    [[ $* == *--signal* ]] && state=FAILED code=143:0 || state=CANCELLED code=0:0
    grep -qE "PENDING|RUNNING|SUSPENDED|STOPPED" "state-$number" || exit 1
    echo "JobId=$number JobState=$state ExitCode=$code NodeList=n1" >state-$number ;;
esac
"""
PROGRAMS = ("sinfo", "squeue", "sbatch", "scontrol", "scancel", "sacct")


class Cluster:
    """The stand-in for Slurm, artifacts that train and quantize left, and a folder of submits."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, programs = folder / "cluster", folder / "bin"
        self.folder.mkdir()
        programs.mkdir()
        for name in PROGRAMS:
            (programs / name).write_text(PROGRAM)
            (programs / name).chmod(0o755)
        self.programs = programs
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setenv("CLUSTER", str(self.folder))
        monkeypatch.setattr(slurm, "LATE_S", 0.0)
        self.artifacts, self.submits = folder / "artifacts", folder / "artifacts-submits"
        self.submits.mkdir()
        made_by_train_and_quantize(self.artifacts)

    def calls(self, program: str) -> list[str]:
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(f"{program} ")]

    def is_now(self, number: str, state: str, **fields: str) -> None:
        rest = " ".join(f"{name}={value}" for name, value in fields.items())
        (self.folder / f"state-{number}").write_text(f"JobId={number} JobState={state} {rest}\n")

    def begins(self, number: str) -> None:
        """Have a job begin right before scancel looks at it."""
        text = f"JobId={number} JobState=RUNNING ExitCode=0:0 NodeList=n1\n"
        (self.folder / f"begins-{number}").write_text(text)

    def accounts(self, text: str) -> None:
        """Have sacct run these lines of the shell."""
        (self.programs / "sacct").write_text(f'#!/bin/bash\ncd "$CLUSTER" && {text}\n')

    def answers(self, number: str, said: str) -> None:
        (self.folder / f"answer-{number}").write_text(said)

    def environment_of(self, number: str) -> dict[str, str]:
        lines = (self.folder / f"env-{number}").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}


def made_by_train_and_quantize(root: Path) -> None:
    artifacts = Artifacts(prepare(root))
    for stage in (artifacts.train, artifacts.quantize("itex")):
        stage.path.mkdir()
        stage.record.write_text("{}")
        write_checksums(stage.path)


def order(*kinds: str, limit: int | None = None, **settings: str) -> Order:
    return Order(
        kinds, "", settings, settings_of_jobs(settings), settings_of_model(settings), limit
    )


def sent(cluster: Cluster, *kinds: str, limit: int | None = None, **settings: str) -> Submit:
    submit = sending.begin(
        cluster.submits, cluster.artifacts, order(*kinds, limit=limit, **settings), "itex"
    )
    return sending.send_all(cluster.submits, cluster.artifacts, submit)


def without_numbers(submit: Submit) -> Submit:
    """Return a submit as one that was killed before it wrote down any number left it."""
    jobs = [msgspec.structs.replace(job, id="") for job in submit.jobs]
    return msgspec.structs.replace(submit, jobs=jobs)


def ago(minutes: float) -> str:
    """Return a time of that many minutes ago, as Slurm writes it."""
    return (datetime.now() - timedelta(minutes=minutes)).isoformat(timespec="seconds")


def words(cluster: Cluster, submit: Submit) -> dict[str, str]:
    return {it.job.kind: it.word for it in standings(cluster.submits, submit)}
