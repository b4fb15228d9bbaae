"""The emulator's files: read as they are, or refused."""

from pathlib import Path

import pytest

from stages.common.onednn.log import Execution
from stages.errors import ProofError
from stages.rehearse.counts import RECORD, read_counts, tiles_of

AT_NS = 1_700_000_000_000_000_000
AT_MS = AT_NS / 1e6


def release(after_ms: float, form: int = 1) -> bytes:
    """Return a record with 1 to 12 of each operation, and 100 of 400 multiply-accumulates."""
    useful, possible = [100, 0, 0, 0, 0, 0], [0, 0, 0, 0, 400, 0]
    numbers = [*range(1, 13), *useful, *possible]
    return RECORD.pack(AT_NS + int(after_ms * 1e6), 7, form, 1, *numbers)


def primitive(start_ms: float, milliseconds: float) -> Execution:
    return Execution("convolution", "k", "u8", milliseconds, start_ms=AT_MS + start_ms)


def test_a_record_is_as_long_as_the_emulator_writes_it() -> None:
    assert RECORD.size == 208


def test_all_threads_and_processes_are_summed_up_while_a_primitive_ran(tmp_path: Path) -> None:
    (tmp_path / "c.11").write_bytes(release(1.0) + release(3.0) + release(9.0))
    (tmp_path / "c.12").write_bytes(release(2.0))
    releases = read_counts(tmp_path / "c")
    counted = tiles_of(primitive(0.5, 3.0), releases)
    assert counted
    assert (counted.loads, counted.stores, counted.products) == (15, 18, 3 * sum(range(7, 13)))
    assert (counted.useful, counted.possible) == (300, 1200)
    assert tiles_of(primitive(4.0, 1.0), releases) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(release(1.0)[:-1], "cut short"), (release(1.0, form=2), "form 2, this reads 1")],
)
def test_what_has_another_form_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "c.1").write_bytes(content)
    with pytest.raises(ProofError, match=message):
        read_counts(tmp_path / "c")


def test_a_process_that_used_no_tile_left_nothing(tmp_path: Path) -> None:
    assert read_counts(tmp_path / "c") == []
