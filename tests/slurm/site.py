"""A clone that submits to a Slurm: its own but for bootstrap.py, train and quantize."""

import lzma
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.commands import ROOT, Done, copy_tree, run
from tests.slurm.cluster import KINDS, Slurm, wait_until
from tests.unit.deploy.test_batch import AMX, NO_AMX

# It writes down what it was asked for on which node; `wait-KIND`, `fail-KIND` and, for all kinds,
# `seconds` are what it does.
BOOTSTRAP = """\
#!/bin/bash
acts=$PWD/acts
echo "$SLURMD_NODENAME $*" >>"$acts/calls"
case " $* " in
  *" pipeline "* | *" profile "*)
    trap 'echo "$SLURMD_NODENAME ended" >>"$acts/calls"; exit 143' TERM
    while [[ -e $acts/wait-$LABEL ]]; do sleep 0.1; done
    [[ ! -e $acts/seconds ]] || sleep "$(<"$acts/seconds")"
    [[ ! -e $acts/fail-$LABEL ]] || { echo "profile: error: it died" >&2; exit 13; } ;;&
  *" pipeline "* | *" compare "*)
    made=$VGG19_ARTIFACTS/compare
    mkdir -p "$made" && echo "the table" >"$made/compare.log" ;;
  *" bundle "*)
    cp "bundles/${LABEL:-spr}.tar" "${@: -1}.part" && mv "${@: -1}.part" "${@: -1}" && exit
    rm -f "${@: -1}.part"
    exit 8 ;;
esac
"""
# In place of train and of quantize: a record and its checksums, at once.
STAGE = """\
import os
from pathlib import Path

from stages.artifacts import Artifacts
from stages.files.checksums import write_checksums
from stages.folder.usable import prepare

artifacts = Artifacts(prepare(Path(os.environ["VGG19_ARTIFACTS"])))
made = {"train": artifacts.train, "quantize": artifacts.quantize("itex")}["NAME"]
if not made.path.is_dir():
    made.path.mkdir()
    made.record.write_text("{}")
    write_checksums(made.path)
"""
# The stand-ins for stages run in the environment of the tests.
RUNNER = """

def _prepare_venv(name: str) -> Path:
    import sys

    return Path(sys.executable)
"""
# Seconds between two looks of a submit that waits.
SLOW, FAST = "LOOK_S = 2.0", "LOOK_S = 0.5"
# What a job of each kind measured: two of them, as `invoke diff` refuses one measurement twice.
BUNDLES = {"spr": "emerald-rapids-16-cpus", "icx": "emerald-rapids-4-cpus"}
# As sbatch, but that it kills what called it, before or after a job of a kind is sent.
KILLER = """\
#!/bin/bash
end_caller() { # MOMENT
  [[ $asked != *"=${KILLED_AT#*-} "* || $KILLED_AT != "$1-"* ]] || { kill -KILL $PPID; exit 1; }
}
asked="$* "
end_caller before
answer=$("$SBATCH" "$@") || exit
end_caller after
echo "$answer"
"""


def make_clone(folder: Path) -> Path:
    """Copy the tree, with the stand-ins in their places, and what the jobs leave."""
    clone = copy_tree(folder / "clone")
    _program(clone / "bootstrap.py", BOOTSTRAP)
    _program(clone / "killer" / "sbatch", KILLER)
    for stage in ("train", "quantize"):
        (clone / "stages" / stage / "__main__.py").write_text(STAGE.replace("NAME", stage))
    _stand_in(clone / "docker" / "local_runner.py")
    _look_often(clone / "docker" / "submit" / "watching.py")
    _unpack_bundles(clone / "bundles")
    return clone


def _stand_in(runner: Path) -> None:
    assert RUNNER.strip().splitlines()[0] in runner.read_text()
    with runner.open("a") as module:
        module.write(RUNNER)


def _look_often(watching: Path) -> None:
    assert SLOW in watching.read_text()
    watching.write_text(watching.read_text().replace(SLOW, FAST))


def _unpack_bundles(folder: Path) -> None:
    folder.mkdir()
    for kind, name in BUNDLES.items():
        packed = (ROOT / "docs" / "measured" / f"{name}.tar.xz").read_bytes()
        (folder / f"{kind}.tar").write_bytes(lzma.decompress(packed))


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Submitting:
    """A command that goes on: what it has printed, and its exit code once it ends."""

    def __init__(self, command: list[str], clone: Path, variables: dict[str, str], log: Path):
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=clone,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._log = log

    @property
    def output(self) -> str:
        """All that it has printed."""
        return self._log.read_text()

    def waits(self) -> bool:
        """Return whether it has sent its jobs, and waits for them, or has ended."""
        return "the jobs go on if" in self.output or self.process.poll() is not None

    def done(self) -> Done:
        """Wait until it ends."""
        return Done(self.process.wait(), self.output)


class Site:
    """One user's clone and artifacts, and what the stages' stand-ins are to do."""

    def __init__(self, clone: Path, slurm: Slurm, folder: Path) -> None:
        self.clone, self.slurm, self.folder = clone, slurm, folder
        self.artifacts, self.acts = folder / "artifacts", clone / "acts"
        shutil.rmtree(self.acts, ignore_errors=True)
        self.acts.mkdir()
        (folder / "amx").write_text(AMX)
        (folder / "no-amx").write_text(NO_AMX)
        self._started: list[Submitting] = []

    @property
    def variables(self) -> dict[str, str]:
        """What the user's commands get."""
        places = {"CPUINFO": str(self.folder / "amx"), "PYTHONPATH": str(self.clone)}
        ours = {"VGG19_ARTIFACTS": str(self.artifacts), "VGG19_LOCKS": str(self.folder)}
        return {**self.slurm.variables, **places, **ours}

    def invoke(self, *words: str, **variables: str) -> Done:
        """Run a task in the clone until it ends."""
        command = [sys.executable, "-m", "invoke", *words]
        return run(*command, variables=self.variables | variables, cwd=self.clone)

    def submit(self, kinds: str, **variables: str) -> Done:
        """Submit jobs, and wait for all."""
        return self.invoke("submit", "--runner", "local", "--kinds", kinds, **variables)

    def start(self, kinds: str) -> Submitting:
        """Submit jobs; what they are to do decides how long that takes."""
        command = [sys.executable, "-m", "invoke", "submit", "--runner", "local", "--kinds", kinds]
        log = self.folder / f"submit-{len(self._started)}.log"
        self._started.append(Submitting(command, self.clone, self.variables, log))
        return self._started[-1]

    def stop(self) -> None:
        """End what was started, and all jobs."""
        for one in self._started:
            one.process.kill()
            one.process.wait()
        self.slurm.clear()

    def let(self, what: str) -> None:
        """Have the stand-in for profile do what it is to do, such as `wait-spr`."""
        (self.acts / what).touch()

    def no_more(self, what: str) -> None:
        """Have it do so no more."""
        (self.acts / what).unlink()

    def calls(self, kind: str) -> list[str]:
        """Return what was asked of bootstrap.py on the node of a kind."""
        path = self.acts / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{kind}1 ")]

    def jobs(self) -> dict[str, list[str]]:
        """Return what `invoke jobs` shows by kind: number, standing, cause and remedy."""
        lines = (re.split(r"\s{2,}", line, maxsplit=3) for line in self._jobs().splitlines())
        return {words[0]: words[1:] for words in lines if words[0] in KINDS}

    def wait_for(self, kind: str, *standings: str) -> list[str]:
        """Wait until a job stands in one of these ways; return what is shown of it."""
        wait_until(lambda: self.jobs()[kind][1] in standings, f"{kind} is {standings}")
        return self.jobs()[kind]

    def wait_for_profile(self, kind: str) -> None:
        """Wait until a job has come to its second task."""
        wait_until(lambda: len(self.calls(kind)) > 1, f"profile runs on {kind}1")

    def sent(self) -> list[str]:
        """Return the numbers of all jobs of this site, ended ones too."""
        text = "\n".join(path.read_text() for path in self.submits().glob("*/submit.json"))
        names = set(re.findall(r'"id": "([0-9]{8}T[^"]+)"', text))
        lines = self.slurm.ask("squeue", "-h", "--states=all", "-o", "%A %j").output.splitlines()
        return [line.split()[0] for line in lines if any(name in line for name in names)]

    def submits(self) -> Path:
        """Return the folder of submits."""
        return self.artifacts.with_name("artifacts-submits")

    def _jobs(self) -> str:
        done = self.invoke("jobs")
        assert done.code == 0, done
        return done.output
