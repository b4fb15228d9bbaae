"""What quantize certainly holds at a time, before it has searched for a minute."""

import pytest

from stages.command_line import load
from stages.common.host import memory
from stages.common.host.memory import GIB
from stages.errors import HostError
from stages.quantize.memory_plan import least_needed, most_needed, require_memory


def test_it_needs_what_calibrating_takes_or_one_model_beside_what_calibrated() -> None:
    alone = memory.needed_in_turn([memory.expected_footprint("fp32", 8)])
    assert least_needed(load({})) == max(memory.CALIBRATING, memory.COMPRESSOR + alone) < 4 * GIB


def test_a_large_batch_counts_once() -> None:
    small, large = (least_needed(load({"VGG19_BATCH_SIZE": n})) for n in ("64", "128"))
    assert large - small == 64 * memory.WORKING_BYTES_PER_IMAGE["fp32"]


@pytest.mark.parametrize(
    ("batch_size", "gib", "helps"), [("8", 3.0, False), ("128", 4.0, True), ("128", 3.0, False)]
)
def test_too_little_memory_is_refused_and_a_smaller_batch_named_only_if_it_helps(
    batch_size: str, gib: float, helps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: round(gib * GIB))
    settings = load({"VGG19_BATCH_SIZE": batch_size})
    with pytest.raises(HostError, match=rf"need about \d\.\d GiB .* {gib:.1f} are av") as raised:
        require_memory(settings, "embedded")
    other = ", or give a smaller batch_size" if helps else ""
    assert str(raised.value).endswith(f"; take more memory{other}")
    require_memory(settings, "/another/network")


def test_bf16_counts_where_it_is_timed() -> None:
    flags = frozenset({"avx2", "avx512_bf16"})
    without = most_needed(load({"VGG19_NO_BF16": "1"}), flags)
    assert without == most_needed(load({}), frozenset({"avx2"}))
    both = [memory.expected_footprint(name, 8).peak for name in ("bf16", "int8_bf16")]
    assert most_needed(load({}), flags) == without + sum(both)


@pytest.mark.parametrize("left", [None, 4 * GIB])
def test_what_fits_or_is_not_known_is_not_refused(
    left: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: left)
    require_memory(load({}), "embedded")
