"""A stage's container, by an engine that is a script: how it is started, ended, and found again."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from docker.build.graph import Stage
from docker.containers import CHECKOUT, parse_rows, require_free, run
from docker.host import processes
from docker.host.elsewhere import engine_at
from docker.host.env_file import project_name
from docker.outcome import Outcome
from docker.paths import ROOT
from stages.errors import ArtifactsBusyError, DiskFullError, EngineError
from tests.unit.processes import start

# Writes down what it is asked; a container runs until it is stopped, if it doesn't end at once.
DOCKER = """#!/bin/sh
folder={folder}
echo "$*" >> $folder/calls
case "$1" in
  compose)
    echo "$STAGES_IMAGE|$STAGES_CONTAINER|$STAGES_TERMINAL|$(cat)" > $folder/variables
    trap '' PIPE
    while test -e $folder/endless && echo line; do :; done || {{ echo complaint >&2; exit 1; }}
    cat $folder/slow 2>/dev/null && exec sleep 60
    exit $(cat $folder/code) ;;
  inspect) cat $folder/state ;;
  ps) case "$3" in --filter=volume=*) cat $folder/there ;; *) cat $folder/ours ;; esac ;;
esac
"""
STATE = "2030-01-02T03:04:05.123456789Z 2030-01-02T03:04:15.1Z {oom} {limit}\n"
STAGE = Stage("profile", "vgg19-profile-itex")
SCRIPT = """
import os, sys
from docker.build.graph import Stage
from docker.containers import run
from stages.errors import exit_code_of

sys.exit(exit_code_of("x", lambda: run(Stage("profile", "i"), os.environ, "sha256:1")))
"""
ENDED = replace(processes.current(), start=1)


class Engine:
    """What the script was asked, and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, f"{folder}:{os.environ['PATH']}"
        script = folder / "docker"
        script.write_text(DOCKER.format(folder=folder))
        script.chmod(0o755)
        self.answer(code="0", state=STATE.format(oom="false", limit=0), there="", ours="")

    def answer(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.folder / name).write_text(text)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    return made


def row(name: str, service: str, starter: object = "", state: str = "running") -> str:
    return f"{name}\t{state}\t2 hours ago\t{starter}\t{service}\n"


def test_a_stage_runs_by_its_images_id_and_nothing_of_it_is_left(engine: Engine) -> None:
    outcome = run(STAGE, os.environ, "sha256:1")
    assert (outcome.exit_code, round(outcome.seconds, 1), outcome.reason) == (0, 10.0, "")
    name = f"{project_name()}-profile-{os.getpid()}"
    # No terminal, and no input: `cat` found its end.
    assert (engine.folder / "variables").read_text() == f"sha256:1|{name}||\n"
    first, *_, last = engine.calls
    assert f"--name={name} " in first
    assert f"--label={CHECKOUT}={ROOT} " in first
    assert last == f"rm --force {name}"


@pytest.mark.parametrize(
    ("code", "oom", "limit", "ended", "reason"),
    [
        ("137", "true", 6 * 2**30, 17, "memory, of which STAGES_MEMORY allows it 6.0 GiB; raise"),
        ("137", "true", 0, 17, "was killed for want of memory; ask for"),
        ("137", "false", 6 * 2**30, 137, "was killed from outside"),
        # A worker was killed, which the stage has said.
        ("17", "true", 6 * 2**30, 17, ""),
        ("3", "true", 6 * 2**30, 3, ""),
    ],
)
def test_a_stage_that_was_killed_is_said_to_be(
    code: str, oom: str, limit: int, ended: int, reason: str, engine: Engine
) -> None:
    engine.answer(code=code, state=STATE.format(oom=oom, limit=limit))
    outcome = run(STAGE, os.environ, "sha256:1")
    assert outcome.exit_code == ended
    assert reason in outcome.reason
    assert bool(reason) == bool(outcome.reason)


def test_without_an_answer_of_the_engine_the_code_is_still_right(engine: Engine) -> None:
    engine.answer(code="4", state="")
    assert run(STAGE, os.environ, "sha256:1") == Outcome(4, 0.0)


def test_a_host_that_vanishes_meanwhile_is_said_to(engine: Engine) -> None:
    engine.answer(code="1")
    (engine.folder / "state").unlink()
    assert run(STAGE, os.environ, "sha256:1") == Outcome(1, 0.0)
    with engine_at("ssh://me@vm"):
        outcome = run(STAGE, os.environ, "sha256:1")
    assert outcome.exit_code == EngineError.exit_code
    assert "cut off, as ssh://me@vm answers no more; when it does, run this" in outcome.reason


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_container_and_a_second_one_leaves_nothing(
    signum: signal.Signals, engine: Engine
) -> None:
    engine.answer(slow="begun\n")
    with start(SCRIPT, path=engine.path) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signum)
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
        code = process.wait()
    name = f"{project_name()}-profile-{process.pid}"
    assert len(output.splitlines()) == 1
    assert code in (128 + signum, 130)
    assert engine.calls[1:] == [f"stop --time=3 {name}", f"rm --force {name}"]


@pytest.mark.parametrize("errors", ["apart", "together"])
def test_output_that_nobody_reads_any_more_ends_the_container_without_a_word(
    errors: str, engine: Engine
) -> None:
    engine.answer(endless="")
    together = subprocess.STDOUT if errors == "together" else subprocess.PIPE
    with start(SCRIPT, path=engine.path, errors=together) as process:
        assert process.stdout
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        assert process.stderr is None or process.stderr.read() == ""
        assert process.wait() == 141
    name = f"{project_name()}-profile-{process.pid}"
    assert engine.calls[1:] == [f"stop --time=3 {name}", f"rm --force {name}"]


def test_output_that_can_not_be_written_is_said_to_be(engine: Engine) -> None:
    engine.answer(endless="")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PATH": engine.path},
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    line = "x: error: no space left at standard output; free some, or send it elsewhere\n"
    assert (done.returncode, done.stderr) == (DiskFullError.exit_code, line)


def test_a_stages_output_and_errors_keep_their_order(engine: Engine) -> None:
    (engine.folder / "docker").write_text(
        "#!/bin/sh\nfor i in 1 2 3; do echo $i; echo $i >&2; done"
    )
    with start(SCRIPT, path=engine.path) as process:
        assert process.communicate()[0].startswith("1\n1\n2\n2\n3\n3\n")


def test_a_client_that_left_a_child_with_its_output_is_not_waited_for(engine: Engine) -> None:
    (engine.folder / "docker").write_text("#!/bin/sh\ntest $1 = compose && sleep 60 & echo $!")
    with start(SCRIPT, path=engine.path) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        assert process.wait(20) == 0
        os.kill(child, signal.SIGKILL)


def busy(artifacts: Path, programs: set[str]) -> str:
    with pytest.raises(ArtifactsBusyError) as caught:
        require_free(artifacts, programs)
    return str(caught.value)


def test_a_run_in_the_same_folder_is_refused_and_named(engine: Engine) -> None:
    engine.answer(there=row("vgg19-1-train-1", "train", processes.current()))
    message = busy(Path("/a"), {"quantize"})
    assert "train of another run works in /a (container vgg19-1-train-1, started 2 hours" in message
    assert message.endswith("or end it: `docker rm --force vgg19-1-train-1`")
    assert engine.calls[0].startswith("ps --all --filter=volume=/a ")


def test_so_is_one_that_compose_started(engine: Engine) -> None:
    engine.answer(there=row("vgg19-1-profile-1", "profile"))
    assert "container vgg19-1-profile-1" in busy(Path("/a"), {"train"})


def test_the_container_of_a_killed_run_is_named_with_what_ends_it(engine: Engine) -> None:
    engine.answer(there=row("left", "train", ENDED))
    message = busy(Path("/a"), {"train"})
    assert message.startswith("left, which a run that was killed started 2 hours ago, still works")
    assert message.endswith("end it: `docker rm --force left`")


def test_it_is_named_once_though_the_engine_says_its_age_otherwise_a_moment_later(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    line = row("left", "train", ENDED)
    engine.answer(there=line, ours=line.replace("2 hours ago", "About a minute ago"))
    busy(Path("/a"), {"train"})
    assert capsys.readouterr().err == ""
    engine.answer(there=line.replace("2 hours ago", "About a minute ago"))
    assert "started about a minute ago, still works" in busy(Path("/a"), {"train"})


def test_one_that_works_elsewhere_is_only_noted(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.answer(ours=row("left", "train", ENDED))
    require_free(Path("/a"), {"train"})
    assert "`docker rm --force left` ends it" in capsys.readouterr().err


@pytest.mark.parametrize("state", ["exited", "created", "dead"])
def test_what_has_ended_of_a_killed_run_is_removed(state: str, engine: Engine) -> None:
    engine.answer(there=row("left", "train", ENDED, state))
    require_free(Path("/a"), {"train"})
    assert "rm --force left" in engine.calls


@pytest.mark.parametrize(
    "line",
    [
        row("doctor-1", "doctor"),
        row("check-1", "check"),
        row("train-1", "train", state="created"),
        row("train-1", "train", state="exited"),
    ],
    ids=["doctor", "check", "created", "exited"],
)
def test_what_writes_nothing_is_in_nobodys_way(line: str, engine: Engine) -> None:
    engine.answer(there=line)
    require_free(Path("/a"), {"train"})
    assert not [call for call in engine.calls if call.startswith("rm")]


def test_the_doctor_is_in_nobodys_way(engine: Engine) -> None:
    engine.answer(there=row("train-1", "train"))
    require_free(Path("/a"), {"doctor"})


def test_a_label_of_anyones_makes_no_row_of_its_own() -> None:
    good = "vgg19-train-1\trunning\t2 minutes ago\tp1-2-0a1b2c3d-4\ttrain"
    hostile = ("--all\trunning\tnow\tp1-2-0a1b2c3d-4\ttrain", "a\tb", f"{good}\tmore", "")
    (found,) = parse_rows("\n".join([*hostile, good]))
    assert (found.name, found.state, found.service) == ("vgg19-train-1", "running", "train")
