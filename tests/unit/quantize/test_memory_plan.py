"""What quantize certainly holds at a time, before it has searched for a minute."""

import pytest

from stages.command_line import load
from stages.common.host import memory
from stages.common.host.memory import GIB
from stages.errors import HostError
from stages.quantize.memory_plan import least_needed, require_memory


def test_it_needs_what_calibrating_takes_or_one_model_beside_what_calibrated() -> None:
    alone = memory.needed_in_turn([memory.expected_footprint("fp32", 8)])
    assert least_needed(load({})) == max(memory.CALIBRATING, memory.COMPRESSOR + alone) < 4 * GIB


def test_a_large_batch_counts_once() -> None:
    small, large = (least_needed(load({"VGG19_BATCH_SIZE": n})) for n in ("64", "128"))
    assert large - small == 64 * memory.WORKING_BYTES_PER_IMAGE["fp32"]


def test_too_little_memory_is_refused_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 3 * GIB)
    with pytest.raises(HostError, match=r"need about 3\.\d GiB .* 3\.0 are available; take more"):
        require_memory(load({}), "embedded")
    require_memory(load({}), "/another/network")


@pytest.mark.parametrize("left", [None, 4 * GIB])
def test_what_fits_or_is_not_known_is_not_refused(
    left: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: left)
    require_memory(load({}), "embedded")
