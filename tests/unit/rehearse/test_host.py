"""Where a rehearsal may run, and what it is compared with."""

import pytest

from stages.errors import HostError
from stages.isa import LADDER
from stages.rehearse.host import compared_isa, has_amx, require_vectors

ALL = frozenset(flag for isa in LADDER for flag in isa.flags)
AMX_FLAGS = frozenset(LADDER[-1].flags)
WITHOUT = ALL - AMX_FLAGS


def test_with_amx_that_works_nothing_needs_rehearsing() -> None:
    assert has_amx(ALL, lambda: None)
    assert not has_amx(WITHOUT, lambda: "never asked")


@pytest.mark.parametrize(
    ("flags", "why_not"),
    [
        (ALL, "the kernel does not grant XTILEDATA"),
        (ALL - {"amx_bf16"}, None),
    ],
)
def test_amx_that_does_not_work_is_not_emulated(flags: frozenset[str], why_not: str | None) -> None:
    with pytest.raises(HostError, match="shows AMX, but it does not work"):
        has_amx(flags, lambda: why_not)


@pytest.mark.parametrize("flag", ["avx512_vnni", "avx512_bf16", "avx512f"])
def test_without_vectors_for_int8_and_bf16_nothing_can_be_emulated(flag: str) -> None:
    require_vectors(WITHOUT - {"avx512_fp16", "avx_vnni"})
    with pytest.raises(HostError, match=f"has no {flag}, without which AMX can't be emulated"):
        require_vectors(WITHOUT - {flag})


def test_each_is_compared_with_the_lowest_cap_that_is_made_for_it() -> None:
    assert compared_isa("int8") == "AVX512_CORE_VNNI"
    assert compared_isa("bf16") == compared_isa("int8_bf16") == "AVX512_CORE_BF16"
