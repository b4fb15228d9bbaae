"""`invoke fuzz`: what it refuses, and that it fails if a parser does."""

import sys

import pytest

from docker.develop import fuzzing
from stages.errors import SettingsError, StageError
from tests.commands import run


@pytest.mark.parametrize("examples", ["", "0", "many", "1e3", "9" * 30])
def test_a_number_of_inputs_that_is_none_is_refused(examples: str) -> None:
    with pytest.raises(SettingsError, match=r"examples can't be .* from 1 to 1000000"):
        fuzzing.run(examples, "")


def test_a_name_that_no_parser_has_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StageError, match="or none has 'no such parser' in its name"):
        fuzzing.run("1", "no such parser")


def test_the_table_names_each_parser_its_inputs_and_its_failures() -> None:
    done = run(sys.executable, "-m", "tests.fuzz", "20", "/proc/")
    assert done.code == 0, done
    rows = [line.split() for line in done.output.splitlines() if not line.startswith("fuzz:")]
    assert rows[0] == ["parser", "inputs", "failures"]
    assert rows[1] == ["/proc/meminfo", "20", "0"]
    assert rows[-1][-2:] == ["80", "0"]
