"""Where a rehearsal may run, and what it is compared with."""

import pytest

from stages.errors import HostError
from stages.isa import LADDER
from stages.rehearse.host import compared_isa, has_amx, require_vectors, why_impossible

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


def test_without_vnni_nothing_can_be_emulated() -> None:
    require_vectors(WITHOUT)
    with pytest.raises(HostError, match="has no avx512_vnni, by which AMX is emulated"):
        require_vectors(WITHOUT - {"avx512_vnni"})


def test_without_bf16_int8_alone_is_left() -> None:
    flags = WITHOUT - {"avx512_bf16"}
    assert why_impossible("int8", flags) == ""
    for precision in ("bf16", "int8_bf16"):
        assert why_impossible(precision, flags) == "this CPU has no avx512_bf16 to compare it with"
        assert why_impossible(precision, WITHOUT) == ""


def test_each_is_compared_with_the_highest_cap_without_tiles_that_it_needs() -> None:
    assert compared_isa("int8") == "AVX512_CORE_VNNI"
    assert compared_isa("bf16") == compared_isa("int8_bf16") == "AVX512_CORE_BF16"
