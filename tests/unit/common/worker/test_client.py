"""Workers that die, hang, or answer nonsense: never a number, and nothing left behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.common.host.cgroups import Cgroups
from stages.common.host.oom_kills import OomKills
from stages.common.worker import client
from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import Job, Turn, TurnAnswer
from stages.errors import HostError, ModelError, PinningError, WorkerError
from tests.unit.processes import orphan_ends

READY = """echo '{"cores": [0], "load_seconds": 1.5, "versions": {"numpy": "2"}}' >&$ANSWERS"""
ANSWER = "echo '{\"batch_seconds\": [0.25]}' >&$ANSWERS"
JOB = Job(name="int8_AVX2", backend="null", model="m", precision="int8", images="i.npz", cores=[0])


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No open file and no process, however a test ends its worker."""
    before = open_files()
    yield
    assert open_files() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


class Scripted:
    """Workers whose `numactl` is a script that the test writes."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self._script = folder / "numactl"
        self._parent = {"PATH": f"{folder}:{os.environ['PATH']}"}

    def worker(self, script: str, timeout_s: float = 10, *, waiting: bool = True) -> WorkerProcess:
        # The last argument is the descriptor for answers; sh would take none above 9.
        head = '#!/bin/bash\nexec {ANSWERS}>"/proc/self/fd/${!#}"\n'
        self._script.write_text(f"{head}{script}\n")
        self._script.chmod(0o755)
        return WorkerProcess(
            JOB,
            self.log,
            timeout_s,
            isa="AVX2",
            waiting=waiting,
            python="PY",
            parent=self._parent,
        )


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


def ask_once(worker: WorkerProcess) -> TurnAnswer:
    with worker:
        return worker.ask(Turn(8, 0.5), TurnAnswer)


def test_it_is_pinned_and_capped_and_what_it_prints_goes_to_the_log(
    scripted: Scripted,
) -> None:
    with scripted.worker(f'{READY}; echo "$@"; echo "$ONEDNN_MAX_CPU_ISA" >&2') as worker:
        assert worker.ready.load_seconds == 1.5
    command, isa = scripted.log.read_text().splitlines()
    assert command.startswith("--all --physcpubind=0 PY -m stages.common.worker {")
    assert isa == "AVX2"


def test_each_request_gets_its_answer(scripted: Scripted) -> None:
    with scripted.worker(f'{READY}; while read -r line; do echo "$line"; {ANSWER}; done') as worker:
        for _ in range(2):
            assert worker.ask(Turn(8, 0.5), TurnAnswer).batch_seconds == [0.25]
    asked = '{"type":"turn","batch_size":8,"min_duration_s":0.5}\n'
    assert scripted.log.read_text() == 2 * asked


FAILURES = {
    "kill -SEGV $$": "was ended by SIGSEGV;",
    "exit 7": "ended with code 7",
    "exit 0": "returned no readable result",
    "echo garbage >&$ANSWERS": "returned no readable result",
    "printf '{\"cores\": [0' >&$ANSWERS": "returned no readable result",
    'printf \'{"cores": "\\xff"}\\n\' >&$ANSWERS': "returned no readable result",
    "echo '{\"cores\": [0]}' >&$ANSWERS": "returned no readable result",
    f"{READY.replace('1.5', '-1.5')}": "returned no readable result",
}


@pytest.mark.parametrize("script", FAILURES)
@pytest.mark.parametrize("before", ["", f"{READY}; read -r line; "], ids=["at once", "asked"])
def test_a_failure_shows_the_workers_last_words(
    scripted: Scripted, capsys: pytest.CaptureFixture[str], before: str, script: str
) -> None:
    with pytest.raises(WorkerError, match=f"running int8_AVX2 {FAILURES[script]}"):
        ask_once(scripted.worker(f"{before}echo last words; {script}"))
    assert "last words" in capsys.readouterr().err


def ask_after_its_end(worker: WorkerProcess) -> None:
    with worker:
        worker.ask(Turn(8, 0.5), TurnAnswer)
        os.waitid(os.P_PID, worker._process.pid, os.WEXITED | os.WNOWAIT)
        worker.ask(Turn(8, 0.5), TurnAnswer)
        pytest.fail("a dead worker answered")


def test_a_worker_that_died_between_requests_is_found_by_the_next(
    scripted: Scripted,
) -> None:
    with pytest.raises(WorkerError, match="was ended by SIGKILL; the lines above") as ended:
        ask_after_its_end(scripted.worker(f"{READY}; read -r line; {ANSWER}; kill -KILL $$"))
    assert ended.value.may_pass


@pytest.mark.parametrize("before", ["", f"{READY}; "], ids=["at once", "asked"])
def test_one_that_the_kernel_killed_for_memory_is_told_as_such(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    folder = tmp_path / "cgroup"
    (folder / "self").mkdir(parents=True)
    (folder / "self" / "cgroup").write_text("0::/\n")
    (folder / "memory.max").write_text(f"{6 * 2**30}\n")
    (folder / "memory.events").write_text("oom 3\noom_kill 3\n")
    monkeypatch.setattr(client, "OomKills", lambda: OomKills(Cgroups(folder, folder)))
    kill = f"printf 'oom 4\\noom_kill 4\\n' > {folder}/memory.events; kill -KILL $$"
    with pytest.raises(HostError, match=r"running int8_AVX2 was killed at .* limit of 6\.0 GiB; "):
        ask_once(scripted.worker(f"{before}{kill}"))


def test_a_person_who_kills_one_is_not_taken_for_the_kernel(scripted: Scripted) -> None:
    said = "echo 'OSError: Cannot allocate memory'; kill -KILL $$"
    with pytest.raises(WorkerError, match="running int8_AVX2 was ended by SIGKILL; the lines"):
        ask_once(scripted.worker(said))


@pytest.mark.parametrize("end", ["exit 1", "kill -ABRT $$"])
@pytest.mark.parametrize(
    "words",
    [
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "ResourceExhaustedError: OOM when allocating tensor with shape[8,64,224,224]",
        "OSError: [Errno 12] Cannot allocate memory",
    ],
)
def test_one_whose_last_words_are_of_memory_ended_for_want_of_it(
    scripted: Scripted, capsys: pytest.CaptureFixture[str], words: str, end: str
) -> None:
    with pytest.raises(HostError, match=r"running int8_AVX2 .*, as no memory was left; the lines"):
        ask_once(scripted.worker(f'{READY}; read -r line; echo "{words}"; {end}'))
    assert words in capsys.readouterr().err


def test_a_worker_that_ends_badly_spoils_its_answers(scripted: Scripted) -> None:
    with pytest.raises(WorkerError, match="ended with code 3"):
        ask_once(scripted.worker(f"{READY}; read -r line; {ANSWER}; exit 3"))


@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 60",
        f"{READY}; exec sleep 60",
        f"{READY}; while printf 1 >&$ANSWERS; do sleep 0.05; done",
        f"{READY}; read -r line; {ANSWER}; exec sleep 60",
    ],
    ids=["before it is ready", "when asked", "talking on and on", "at its end"],
)
def test_a_worker_that_hangs_is_ended(scripted: Scripted, script: str) -> None:
    with pytest.raises(WorkerError, match=r"took over 0\.3 s .* VGG19_WORKER_TIMEOUT_S"):
        ask_once(scripted.worker(script, timeout_s=0.3))


def test_without_waiting_two_load_at_the_same_time(scripted: Scripted, tmp_path: Path) -> None:
    # Each is ready only when the other has begun.
    begun = f"$(ls {tmp_path} | grep -c '^[0-9]*$')"
    meeting = f"touch {tmp_path}/$$; until [ {begun} = 2 ]; do sleep 0.01; done"
    one, other = (
        scripted.worker(f"{meeting}; {READY}; read -r line; {ANSWER}", waiting=False)
        for _ in range(2)
    )
    with one, other:
        assert one.ask(Turn(8, 0.5), TurnAnswer).batch_seconds == [0.25]
        assert other.ready.load_seconds == 1.5


def test_one_that_was_not_waited_for_fails_when_it_is_asked(scripted: Scripted) -> None:
    with scripted.worker(f"{READY}; read -r line; {ANSWER}", waiting=False) as worker:
        assert worker.wait() == worker.ready
        assert worker.ask(Turn(8, 0.5), TurnAnswer).batch_seconds == [0.25]
    with pytest.raises(WorkerError, match="ended with code 3"):
        ask_once(scripted.worker("exit 3", waiting=False))
    other = READY.replace("[0]", "[0, 1]")
    with pytest.raises(PinningError, match=r"\[0, 1\], not on \[0\]"):
        ask_once(scripted.worker(other, waiting=False))


def test_a_worker_on_other_cores_is_refused(scripted: Scripted) -> None:
    with pytest.raises(PinningError, match=r"\[0, 1\], not on \[0\]"):
        ask_once(scripted.worker(READY.replace("[0]", "[0, 1]")))


@pytest.mark.parametrize("before", ["", f"{READY}; read -r line; "], ids=["at once", "asked"])
def test_a_refusal_is_raised_as_the_kind_it_is(scripted: Scripted, before: str) -> None:
    refusal = '{"type":"refusal","exit_code":10,"message":"no model; make one"}'
    with pytest.raises(ModelError, match="no model; make one"):
        ask_once(scripted.worker(f"{before}echo '{refusal}' >&$ANSWERS"))


def test_an_answer_longer_than_any_is_refused_before_it_fills_the_memory(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 2**16)
    with pytest.raises(WorkerError, match="returned more than any answer is long"):
        ask_once(scripted.worker(f"{READY}; read -r line; yes | tr -d '\\n' >&$ANSWERS"))


def test_a_failure_of_the_one_who_asks_ends_the_worker_at_once(scripted: Scripted) -> None:
    worker = scripted.worker(f"{READY}; exec sleep 60", timeout_s=60)
    with pytest.raises(ZeroDivisionError), worker:
        raise ZeroDivisionError


PARENT = """
import sys, time
from pathlib import Path
from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import Job

job = Job(name="x", backend="null", model="m", precision="int8", images="i.npz", cores=[0])
with WorkerProcess(job, Path(sys.argv[1], "log"), 60, waiting=False) as worker:
    print(worker._process.pid, flush=True)
    time.sleep(60)
"""


def test_it_ends_with_whoever_started_it_however_that_ends(tmp_path: Path) -> None:
    numactl = tmp_path / "numactl"
    numactl.write_text("#!/bin/sh\nexec sleep 60\n")
    numactl.chmod(0o755)
    assert orphan_ends(PARENT, str(tmp_path), path=f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize("extra", [None, {"GIVEN": "here"}])
def test_only_what_is_given_beside_the_named_variables_reaches_it(
    tmp_path: Path, extra: dict[str, str] | None
) -> None:
    shown = tmp_path / "shown"
    (tmp_path / "numactl").write_text(f"#!/bin/sh\nenv > {shown}\n")
    (tmp_path / "numactl").chmod(0o755)
    parent = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LD_PRELOAD": "", "GIVEN": "by parent"}
    with pytest.raises(WorkerError):
        ask_once(WorkerProcess(JOB, tmp_path / "log", 5, parent=parent, extra=extra))
    lines = shown.read_text().splitlines()
    assert [line for line in lines if line.startswith(("GIVEN", "LD_PRELOAD"))] == [
        f"{name}={value}" for name, value in (extra or {}).items()
    ]


def test_where_nothing_can_be_started_nothing_is_left(tmp_path: Path) -> None:
    nowhere = {"PATH": "/nonexistent"}
    with pytest.raises(FileNotFoundError, match="numactl"):
        ask_once(WorkerProcess(JOB, tmp_path / "log", 1, parent=nowhere))
    with pytest.raises(FileNotFoundError, match="missing"):
        ask_once(WorkerProcess(JOB, tmp_path / "missing" / "log", 1))
