import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from docker.paths import ROOT

SCRIPT = ROOT / "deploy" / "batch" / "run_job.sh"
AMX = "flags\t\t: fpu avx512f avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16\n"
NO_AMX = "flags\t\t: fpu avx512f avx512_vnni avx512_bf16\n"
BOOTSTRAP = """\
#!/bin/bash
echo "$* on $VGG19_CORES" >>calls
if [[ $* == *pipeline* ]]; then
  mkdir -p "$VGG19_ARTIFACTS/compare" && echo "the table" >"$VGG19_ARTIFACTS/compare/compare.log"
  trap 'echo ended >>calls; exit 143' TERM
  for _ in $(seq "$(cat waits 2>/dev/null || echo 0)"); do sleep 0.05; done
fi
for task in doctor pipeline bundle; do
  [[ $* != *"$task"* ]] || exit "$(cat "$task" 2>/dev/null || echo 0)"
done
"""
ENGINE = """\
#!/bin/sh
case "$*" in
  --version) echo "Docker version 27.5.1" ;;
  compose*) echo "Docker Compose version v2.26.1" ;;
  buildx*) echo "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3" ;;
  *) echo 27.5.1 ;;
esac
"""


class Node:
    """A node of a cluster, with a clone whose bootstrap.py is a stand-in."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.programs = folder / "clone", folder / "bin"
        self.begins = self.clone
        self.clone.mkdir()
        self.programs.mkdir()
        self.write(self.clone / "bootstrap.py", BOOTSTRAP)
        self.cpuinfo = folder / "cpuinfo"
        self.cpuinfo.write_text(AMX)
        self.engine(False)

    def write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def engine(self, answers: bool) -> None:
        self.write(self.programs / "docker", ENGINE if answers else "#!/bin/sh\nexit 1\n")

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        path = f"{self.programs}:{os.environ['PATH']}"
        submission = {"SLURM_JOB_ID": "7"}
        return subprocess.Popen(
            [SCRIPT, *arguments],
            env={"PATH": path, "CPUINFO": str(self.cpuinfo)} | submission | variables,
            cwd=self.begins,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def submit(self, *arguments: str, **variables: str) -> tuple[int, list[str]]:
        """Run the job; return its exit code and its lines."""
        process = self.start(*arguments, **variables)
        output, _ = process.communicate()
        return process.returncode, output.splitlines()

    def calls(self) -> list[str]:
        path = self.clone / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def tasks(node: Node) -> list[str]:
    return [call.partition(" on ")[0] for call in node.calls()]


def test_without_an_engine_the_local_runner_is_used_and_the_table_comes_last(node: Node) -> None:
    code, lines = node.submit(OPTIONS="--data beans")
    assert (code, lines[-1]) == (0, "the table")
    assert tasks(node) == [
        "--no-engine doctor --runner local",
        "--no-engine pipeline --runner local --data beans",
        "--no-engine bundle --output vgg19-bundle-7.tar",
    ]
    assert (node.clone / "artifacts-7").is_dir()


def test_with_an_engine_it_is_used_and_nothing_is_installed(node: Node) -> None:
    node.engine(True)
    assert node.submit()[0] == 0
    assert tasks(node)[:2] == ["doctor", "pipeline"]
    assert "--yes" not in " ".join(node.calls())


def test_other_tasks_a_runner_and_a_place_for_the_bundle_may_be_given(node: Node) -> None:
    node.engine(True)
    bundle = str(node.programs / "spr.tar")
    assert node.submit(TASKS="profile compare", RUNNER="local", BUNDLE=bundle)[0] == 0
    assert tasks(node) == [
        "--no-engine doctor --runner local",
        "--no-engine profile --runner local",
        "--no-engine compare --runner local",
        f"--no-engine bundle --output {bundle}",
    ]


@pytest.mark.parametrize(("named", "code"), [("ours", 0), ("ours-2", 25), (None, 25)])
def test_a_job_in_whose_place_another_was_sent_measures_nothing(
    node: Node, named: str | None, code: int, tmp_path: Path
) -> None:
    submit = tmp_path / "submit.json"
    if named:
        submit.write_text(f'{{"jobs": [{{"kind": "spr", "name": "{named}", "id": ""}}]}}')
    ended, lines = node.submit(SUBMIT_JSON=str(submit), SLURM_JOB_NAME="ours")
    assert ended == code
    assert bool(node.calls()) == (code == 0)
    if code:
        assert lines[-1].startswith(f"run_job: error: {submit} has no job ours any more")


@pytest.mark.parametrize("other", ["podman version 4.9.4-rhel", "nerdctl version 1.7.6"])
def test_another_engine_that_is_called_docker_is_passed_over(node: Node, other: str) -> None:
    node.write(node.programs / "docker", f'#!/bin/sh\necho "{other}"\n')
    assert node.submit()[0] == 0
    assert tasks(node)[0] == "--no-engine doctor --runner local"


def test_an_engine_that_is_a_snap_is_passed_over(node: Node) -> None:
    node.write(node.programs / "snap", "#!/bin/sh\n")
    (node.programs / "docker").unlink()
    (node.programs / "docker").symlink_to("snap")
    assert node.submit()[0] == 0
    assert tasks(node)[0] == "--no-engine doctor --runner local"


def test_an_engine_that_does_not_answer_is_passed_over(node: Node) -> None:
    hangs = '#!/bin/sh\n[ "$1" = --version ] || exec sleep 60\n'
    node.write(node.programs / "docker", hangs)
    assert node.submit(ENGINE_S="0.2")[0] == 0
    assert tasks(node)[0] == "--no-engine doctor --runner local"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("echo 27.5.1", "echo 20.10.24"),
        ("echo 27.5.1", "echo 22.99.1"),
        ("v2.26.1", "v2.9.1"),
        ("buildx 0.13.1", "buildx 0.9.1"),
        ("compose*)", "compose*) exit 1 ;; no*)"),
        ("buildx*)", "buildx*) exit 1 ;; no*)"),
    ],
)
def test_an_engine_that_doctor_refuses_is_passed_over(node: Node, ours: str, theirs: str) -> None:
    node.write(node.programs / "docker", ENGINE.replace(ours, theirs))
    assert node.submit()[0] == 0
    assert tasks(node)[0] == "--no-engine doctor --runner local"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("echo 27.5.1", "echo 23.0.0"),
        ("v2.26.1", "2.24.0-desktop.1"),
        ("buildx 0.13.1", "buildx 0.10.0"),
        ("buildx 0.13.1+ds1 0.13.1+ds1-3", "buildx"),
    ],
)
def test_an_engine_that_doctor_takes_is_used(node: Node, ours: str, theirs: str) -> None:
    node.write(node.programs / "docker", ENGINE.replace(ours, theirs))
    assert node.submit()[0] == 0
    assert tasks(node)[0] == "doctor"


def test_pbs_runs_it_by_bash_whatever_the_users_shell() -> None:
    assert SCRIPT.read_text().startswith("#!/bin/bash\n")
    assert "#PBS -S /bin/bash" in SCRIPT.read_text().splitlines()


IMAGES = ["export/images.tar", ".sif/profile-itex-1.sif"]


@pytest.mark.parametrize("program", ["apptainer", "singularity"])
@pytest.mark.parametrize("images", IMAGES)
def test_without_an_engine_apptainer_is_used_if_there_are_images_for_it(
    node: Node, program: str, images: str
) -> None:
    node.write(node.programs / program, "#!/bin/sh\n")
    assert node.submit()[0] == 0
    assert tasks(node)[0] == "--no-engine doctor --runner local"
    (node.clone / "calls").unlink()
    (node.clone / images).parent.mkdir()
    (node.clone / images).touch()
    assert node.submit(OPTIONS="--data beans")[0] == 0
    assert tasks(node) == [
        "--no-engine doctor --runner apptainer",
        "--no-engine pipeline --runner apptainer --data beans",
        "--no-engine bundle --output vgg19-bundle-7.tar",
    ]


@pytest.mark.parametrize(
    ("runner", "first"),
    [
        ("docker", "doctor"),
        ("apptainer", "--no-engine doctor --runner apptainer"),
        ("local", "--no-engine doctor --runner local"),
    ],
)
@pytest.mark.parametrize("answers", [False, True])
def test_a_runner_that_is_given_is_used_whatever_the_node_has(
    node: Node, runner: str, first: str, answers: bool
) -> None:
    node.engine(answers)
    assert node.submit(RUNNER=runner)[0] == 0
    assert tasks(node)[0] == first


def test_a_runner_that_there_is_not_is_refused(node: Node) -> None:
    code, lines = node.submit(RUNNER="podman")
    assert (code, node.calls()) == (2, [])
    assert lines[-1] == "run_job: error: RUNNER podman is none of docker, apptainer, local"


@pytest.mark.parametrize("name", ["TASKS", "RUNNER", "LABEL"])
def test_what_is_refused_is_shown_without_what_it_would_do_to_a_terminal(
    node: Node, name: str
) -> None:
    code, lines = node.submit(**{name: "x\x1b[31my"})
    assert (code, node.calls()) == (2, [])
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    "given",
    [
        *({"TASKS": tasks} for tasks in (" ", "*", "profile *", "--list", "./x", "../y")),
        *({"OPTIONS": word} for word in ("--help", "--data beans --dry-run", "--dry", "-h")),
        *({"OPTIONS": word} for word in ("--help=pipeline", "--complete", "-R", "-lflat")),
        *({"OPTIONS": f"{word} x"} for word in ("--artifacts", "--runner", "--host")),
        *({"OPTIONS": f"{word}=x"} for word in ("--artifacts", "--runner", "--host")),
        *({"OPTIONS": f"--backbone {word}"} for word in ('"a b"', "'a b'", "a\\ b")),
    ],
)
def test_what_would_run_nothing_or_something_else_is_refused_before_anything_runs(
    node: Node, given: dict[str, str]
) -> None:
    code, lines = node.submit(**given)
    assert (code, node.calls()) == (2, [])
    assert lines[-1].startswith(f"run_job: error: {next(iter(given))} ")


def test_no_wildcard_is_expanded(node: Node) -> None:
    node.submit(OPTIONS="--data bootstrap*")
    assert tasks(node)[1].endswith("--data bootstrap*")


def test_no_other_folder_of_cdpath_is_run_in_the_clones_place(node: Node, tmp_path: Path) -> None:
    other = tmp_path / "other" / node.clone.name
    other.mkdir(parents=True)
    (other / "bootstrap.py").write_text("#!/bin/sh\ntouch ran\n")
    (other / "bootstrap.py").chmod(0o755)
    node.begins = node.clone.parent
    assert node.submit("-d", node.clone.name, CDPATH=str(other.parent))[0] == 0
    assert not (other / "ran").exists()
    assert node.calls()


def test_a_number_of_cpus_that_can_not_be_is_passed_over(node: Node) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    code, _ = node.submit(SLURM_CPUS_ON_NODE="18446744073709551616")
    assert code == 0
    (cores,) = {call.partition(" on ")[2] for call in node.calls()}
    assert int(cores.split(",")[0]) == allowed[0]


def test_the_cores_are_the_ones_of_the_job(node: Node) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    code, lines = node.submit(SLURM_CPUS_ON_NODE="1")
    assert code == 0
    assert {call.partition(" on ")[2] for call in node.calls()} == {str(allowed[0])}
    assert any("bound to none" in line for line in lines) == (len(allowed) > 1)


def test_cores_that_are_given_are_left_as_they_are(node: Node) -> None:
    node.submit(VGG19_CORES="5,7")
    assert {call.partition(" on ")[2] for call in node.calls()} == {"5,7"}


@pytest.mark.parametrize("label", ["spr", "SPR", "gnr", "amx"])
def test_a_node_that_is_not_what_its_label_says_is_refused(node: Node, label: str) -> None:
    assert node.submit(LABEL=label)[0] == 0
    node.cpuinfo.write_text(NO_AMX)
    code, lines = node.submit(LABEL=label)
    assert code == 17
    assert f"is no {label}: its CPU has no amx_tile" in lines[-1]


@pytest.mark.parametrize("shown", ["processor : 0\n", None])
def test_a_node_that_shows_no_flags_is_not_called_one_that_lacks_them(
    node: Node, shown: str | None
) -> None:
    node.cpuinfo.unlink()
    if shown:
        node.cpuinfo.write_text(shown)
    code, lines = node.submit(LABEL="spr")
    assert code == 3
    where = f"{node.cpuinfo} of this node, {os.uname().nodename},"
    remedy = "leave LABEL out to measure on any"
    assert lines == [f"run_job: error: {where} shows no flags of its CPU; {remedy}"]


def test_a_label_that_nobody_knows_is_refused(node: Node) -> None:
    code, lines = node.submit(LABEL="xyz")
    assert code == 2
    assert "none of spr" in lines[-1]
    assert node.calls() == []


def test_options_behind_the_script_are_read_as_they_were_meant(node: Node) -> None:
    form = ("-d", str(node.clone), "-l", "nodes=1:spr:ppn=1")
    node.begins = node.programs
    code, lines = node.submit(*form)
    assert code == 0
    assert lines[0].startswith("run_job: the scheduler did not read `-l nodes=1:spr:ppn=1`")
    assert node.calls()[0].endswith(f" on {min(os.sched_getaffinity(0))}")
    node.cpuinfo.write_text(NO_AMX)
    assert node.submit(*form)[0] == 17


@pytest.mark.parametrize("arguments", [("-q", "fast"), ("--data", "beans"), ("spr",)])
def test_other_arguments_are_refused(node: Node, arguments: tuple[str, ...]) -> None:
    code, lines = node.submit(*arguments)
    assert code == 2
    assert arguments[0] in lines[-1]
    assert node.calls() == []


@pytest.mark.parametrize(
    "places",
    [
        *("nodes=1:ppn=1#shared", "nodes=1:ppn=two", "nodes=1:ppn=0", "nodes=1 ppn=2"),
        *("nodes=2:ppn=1", "nodes=host7:ppn=1", "nodes=1:pnn=1", "ppn=1x", "place=excl"),
        *("nodes=1:spr:gnr", "nodes=1:ppn=1:ppn=2", "ppn=2,ncpus=1"),
    ],
)
def test_what_it_can_not_read_of_a_request_is_refused(node: Node, places: str) -> None:
    code, lines = node.submit("-l", places)
    assert code == 2, lines
    assert "run_job: error: " in lines[-1]
    assert node.calls() == []


def test_another_clone_than_the_one_given_is_never_run(node: Node) -> None:
    named = {"PBS_O_WORKDIR": str(node.clone), "SLURM_SUBMIT_DIR": str(node.clone)}
    code, lines = node.submit("-d", "/nonexist", **named)
    assert (code, lines[-1].split(";")[0]) == (3, "run_job: error: no bootstrap.py in /nonexist")
    assert node.submit("-d", "", **named)[0] == 2
    code, lines = node.submit("-d", **named)
    assert (code, lines[-1].split(";")[0]) == (2, "run_job: error: -d is given nothing")
    assert node.submit(SLURM_JOB_ID="", PBS_JOBID="7", PBS_O_WORKDIR="/nonexist")[0] == 3
    torque = {"PBS_O_INITDIR": "/nonexist", "PBS_O_WORKDIR": str(node.clone)}
    assert node.submit(SLURM_JOB_ID="", PBS_JOBID="7", **torque)[0] == 3
    node.begins = node.programs
    assert node.submit(**named)[0] == 3
    assert node.calls() == []


def test_pbs_starts_a_job_at_home_and_the_clone_is_where_it_was_submitted(node: Node) -> None:
    job = {"SLURM_JOB_ID": "", "PBS_JOBID": "7.host", "PBS_O_WORKDIR": str(node.clone)}
    node.begins = node.programs
    assert node.submit(**job)[0] == 0
    assert (node.clone / "artifacts-7").is_dir()


def test_all_that_was_handed_on_is_read(node: Node) -> None:
    node.cpuinfo.write_text(NO_AMX)
    assert node.submit("-l", "nodes=1:spr:ppn=1", "-l", "walltime=02:30:00")[0] == 17
    code, lines = node.submit("-l", "walltime=02:30:00,mem=16gb,nodes=1:cpx:ppn=1")
    assert (code, lines[-1]) == (0, "the table")
    assert node.submit("-l", "nodes=1:gnr", LABEL="spr")[0] == 2


def test_options_may_be_on_several_lines(node: Node) -> None:
    node.submit(OPTIONS="--data beans\n  --backbone imagenet\n")
    assert any("pipeline" in call and "--backbone imagenet" in call for call in node.calls())


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_says_what_it_does_and_does_nothing(node: Node, word: str) -> None:
    code, lines = node.submit(word)
    assert code == 0
    assert lines[0].startswith("The pipeline as a job of Slurm, PBS or Torque")
    shown = "\n".join(lines)
    assert all(name in shown for name in ("LABEL", "OPTIONS", "VGG19_ARTIFACTS", "VGG19_CORES"))
    assert node.calls() == []


def test_outside_of_a_clone_it_says_so(node: Node) -> None:
    node.begins = node.programs
    code, lines = node.submit()
    assert code == 3
    assert "submit this in the clone" in lines[-1]


@pytest.mark.parametrize(
    ("task", "code", "ran"), [("doctor", 15, 1), ("pipeline", 11, 2), ("bundle", 8, 3)]
)
def test_a_task_that_fails_gives_its_code(node: Node, task: str, code: int, ran: int) -> None:
    (node.clone / task).write_text(str(code))
    assert node.submit()[0] == code
    assert len(node.calls()) == ran


def test_a_bundle_that_can_not_be_written_is_refused_before_anything_is_measured(
    node: Node,
) -> None:
    code, lines = node.submit(BUNDLE="/nowhere/spr.tar")
    assert (code, node.calls()) == (7, [])
    assert lines[-1].endswith(
        "the bundle /nowhere/spr.tar can't be written; give another by BUNDLE"
    )


def test_what_was_measured_is_shown_though_it_can_not_be_packed(node: Node) -> None:
    (node.clone / "bundle").write_text("8")
    _, lines = node.submit()
    assert lines[-2] == "the table"


def test_a_signal_before_the_first_task_runs_none_and_is_said(node: Node) -> None:
    node.write(node.programs / "docker", "#!/bin/sh\ntouch asked; sleep 2\n")
    process = node.start()
    deadline = time.monotonic() + 20
    while not (node.clone / "asked").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate()
    assert (process.returncode, node.calls()) == (143, [])
    assert "the scheduler ended the job; unless it puts it back" in output


def test_a_missing_instruction_set_is_no_failure(node: Node) -> None:
    (node.clone / "doctor").write_text("18")
    assert node.submit()[0] == 0


def test_what_is_not_to_be_trusted_is_packed_and_shown_all_the_same(node: Node) -> None:
    (node.clone / "pipeline").write_text("23")
    code, lines = node.submit()
    assert (code, lines[-1]) == (23, "the table")
    assert len(node.calls()) == 3


def test_a_signal_to_the_job_ends_the_task_first(node: Node) -> None:
    (node.clone / "waits").write_text("400")
    process = node.start()
    deadline = time.monotonic() + 20
    while not any("pipeline" in call for call in node.calls()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate()
    assert process.returncode == 143
    assert node.calls()[-1] == "ended"
    assert "submit it again" in output
