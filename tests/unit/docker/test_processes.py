"""Which process made something, and whether it still runs."""

import os
import subprocess
from dataclasses import replace

import pytest

from docker.host import processes


def test_a_process_is_known_again_by_its_text() -> None:
    here = processes.current()
    assert here.pid == os.getpid()
    assert processes.parse(str(here)) == here
    assert processes.parse(f"{here}-and-more") == here


@pytest.mark.parametrize("text", ["", "latest", "p1-2", "again", "p1-2-xyz-3"])
def test_other_text_names_no_process(text: str) -> None:
    assert processes.parse(text) is None


def test_one_that_runs_has_not_ended_and_its_number_alone_is_not_it() -> None:
    here = processes.current()
    assert not here.has_ended()
    assert replace(here, start=here.start + 1).has_ended()


def test_one_that_ended_has_ended_even_before_its_parent_looked() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        ended = replace(processes.current(), pid=child.pid)
        assert ended.has_ended()


@pytest.mark.parametrize("change", [{"boot": "00000000"}, {"namespace": 1}])
def test_one_of_another_machine_may_still_run(change: dict[str, object]) -> None:
    elsewhere = replace(processes.current(), pid=2**22 + 1, **change)  # type: ignore[arg-type]
    assert not elsewhere.has_ended()
