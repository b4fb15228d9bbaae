"""What Slurm's programs answer, in any form, and what is remembered of jobs."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from docker.submit import slurm, state
from docker.submit.seen import Seen, accounted_in, shown_in
from docker.submit.state import Job, Submit
from tests.fuzz.inputs import contents, mutated_texts
from tests.fuzz.parsers import Parser
from tests.unit.records import SHA256

ID = "20261127T141500Z-0a2bfed7"
NAME = f"vgg19-{ID}-spr-0a1b"
SHOWN = (
    f"JobId=1 JobName={NAME} UserId=me(1000) JobState=RUNNING Reason=None ExitCode=0:0 "
    "SubmitTime=2026-11-27T20:00:00 StartTime=2026-11-27T20:00:00+0000 EndTime=Unknown "
    "TimeLimit=1-01:00:00 NodeList=n1"
)
ACCOUNTED = (
    f"1|{NAME}|CANCELLED by 1000|0:15|n1|2026-11-27T20:00:00|Unknown|2026-11-27T20:01:00|01:00:00|"
    "None\n"
)
SUBMIT = Submit(
    id=ID,
    runner="local",
    settings={"isas": "AVX2,AVX512_CORE"},
    inputs={"train": SHA256},
    pending_limit=60,
    jobs=[Job(kind="spr", name=NAME, id="1")],
)


def parsers() -> Iterator[Parser]:
    yield Parser("scontrol show job", mutated_texts(SHOWN), _shown, ())
    yield Parser("sacct", mutated_texts(ACCOUNTED), _accounted, ())
    sent = mutated_texts("12;cluster\n", "Submitted batch job 12\n")
    yield Parser("sbatch", sent, _sent, ())
    yield Parser(state.STATE, contents(msgspec.json.encode(SUBMIT)), _submit)


def _shown(said: str) -> None:
    _seen(shown_in(said, NAME))


def _accounted(said: str) -> None:
    _seen(accounted_in(said, NAME))


def _seen(seen: Seen | None) -> None:
    if seen:
        assert (seen.state + seen.reason + seen.node).isprintable()
        times = (seen.submitted, seen.began, seen.ended)
        assert all(time is None or time.tzinfo is None for time in times)


def _sent(said: str) -> None:
    number = slurm.number_in(said)
    assert not number or (number.isascii() and number.isdecimal())


def _submit(content: bytes) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder, ID, state.STATE)
        path.parent.mkdir()
        path.write_bytes(content)
        submit = state.read(path)
        state.write(Path(folder), submit)
        assert state.read(path) == submit
