"""What quantize certainly holds at a time, before it has searched for a minute."""

import pytest

from stages.command_line import load
from stages.common.host import memory
from stages.common.host.memory import GIB
from stages.errors import HostError
from stages.quantize.memory_plan import certain_precisions, least_needed, require_memory

AVX2, HAS_BF16 = frozenset({"avx2"}), frozenset({"avx2", "avx512_bf16"})


@pytest.mark.parametrize(
    ("flags", "variables", "expected"),
    [
        (AVX2, {}, ["fp32", "int8"]),
        (AVX2, {"VGG19_FORCE_BF16": "1"}, ["fp32", "bf16", "int8"]),
        (HAS_BF16, {}, ["fp32", "bf16", "int8"]),
        (HAS_BF16, {"VGG19_NO_BF16": "1"}, ["fp32", "int8"]),
    ],
)
def test_what_the_search_may_leave_out_is_not_certain(
    flags: frozenset[str], variables: dict[str, str], expected: list[str]
) -> None:
    assert certain_precisions(load(variables), flags) == expected


def test_it_needs_less_than_all_its_processes_at_their_peaks() -> None:
    peaks = [memory.expected_footprint(name, 8) for name in ("fp32", "int8")]
    most = memory.needed_at_once(peaks) + memory.COMPRESSOR
    assert memory.needed_at_once([]) + memory.COMPRESSOR < least_needed(load({}), AVX2) < most


def test_a_large_batch_counts_once() -> None:
    small, large = (least_needed(load({"VGG19_BATCH_SIZE": n}), AVX2) for n in ("8", "128"))
    assert 3 * GIB < large - small < 5 * GIB


@pytest.mark.parametrize(
    ("flags", "gib", "message"),
    [
        (AVX2, 3.8, r"3 processes need about 3\.9 GiB .* 3\.8 are available; take more memory, or"),
        (HAS_BF16, 4.0, r"4 processes need about 4\.9 GiB .*leave out BF16 \(no_bf16\), or give"),
    ],
)
def test_too_little_memory_is_refused_with_what_there_is(
    flags: frozenset[str], gib: float, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: round(gib * GIB))
    with pytest.raises(HostError, match=message):
        require_memory(load({}), flags, "embedded")
    require_memory(load({}), flags, "/another/network")


@pytest.mark.parametrize(
    ("left", "variables"), [(None, {}), (6 * GIB, {}), (4 * GIB, {"VGG19_NO_BF16": "1"})]
)
def test_what_fits_or_is_not_known_is_not_refused(
    left: int | None, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: left)
    require_memory(load(variables), HAS_BF16, "embedded")
