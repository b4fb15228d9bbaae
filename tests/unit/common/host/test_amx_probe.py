import signal

import numpy as np
import pytest

from stages.common.host import amx_probe as amx
from stages.common.host.facts import cpu_flags

# What GNU as 2.40 makes of the mnemonics, and objdump reads back from the bytes.
ASSEMBLED = {
    "ldtilecfg [rdi]": "c4 e2 78 49 07",
    "tilezero tmm0": "c4 e2 7b 49 c0",
    "mov eax,0x40": "b8 40 00 00 00",
    "tileloadd tmm1,[rsi+rax*1]": "c4 e2 7b 4b 0c 06",
    "tileloadd tmm2,[rdx+rax*1]": "c4 e2 7b 4b 14 02",
    "tdpbssd tmm0,tmm1,tmm2": "c4 e2 6b 5e c1",
    "tdpbf16ps tmm0,tmm1,tmm2": "c4 e2 6a 5c c1",
    "tilestored [rcx+rax*1],tmm0": "c4 e2 7a 4b 04 01",
    "tilerelease": "c4 e2 78 49 c0",
    "ret": "c3",
}
HAS_AMX = {"amx_tile", "amx_int8", "amx_bf16"} <= cpu_flags()


@pytest.mark.parametrize("instruction", amx.PRODUCTS)
def test_the_machine_code_is_an_assemblers(instruction: str) -> None:
    lines = (*amx.BEFORE, amx.PRODUCTS[instruction], *amx.AFTER)
    assert {text: code.hex(" ") for code, text in lines}.items() <= ASSEMBLED.items()
    order = [text.split()[0] for _, text in lines]
    assert order == [
        *("ldtilecfg", "tilezero", "mov", "tileloadd", "tileloadd"),
        *(instruction, "tilestored", "tilerelease", "ret"),
    ]
    assert amx.machine_code(instruction) == b"".join(code for code, _ in lines)


def test_the_products_are_those_of_the_manuals_loops() -> None:
    left, right = amx.factors()
    for row, column in [(0, 0), (3, 7), (15, 15)]:
        terms = [
            int(left[row, 4 * k + i]) * int(right[k, 4 * column + i])
            for k in range(16)
            for i in range(4)
        ]
        assert amx.int8_product()[row, column] == sum(terms)
        halves = [
            int(left[row, 2 * k + i] >> 4) * int(right[k, 2 * column + i] >> 4)
            for k in range(16)
            for i in range(2)
        ]
        assert amx.bf16_product()[row, column] == sum(halves)


def test_the_factors_tell_signed_from_unsigned() -> None:
    left, right = amx.factors()
    assert left.min() < -120 < 120 < left.max()
    unsigned = amx._product(left.view(np.uint8), right.view(np.uint8), 4)
    assert (unsigned != amx.int8_product()).all()


def test_a_tile_of_bf16_is_what_it_stands_for() -> None:
    first, _ = amx._tiles("tdpbf16ps")
    assert first.nbytes == 16 * 64
    numbers = (first.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    assert (numbers == amx._small_factors()[0]).all()


@pytest.mark.parametrize("instruction", amx.PRODUCTS)
def test_the_child_dies_by_a_signal_without_amx_and_multiplies_with_it(instruction: str) -> None:
    outcome = amx.probe(instruction)
    if HAS_AMX:
        assert outcome == amx.Probe(True, None)
    else:
        assert outcome == amx.Probe(False, f"{instruction} ended by SIGILL")


def test_the_code_around_the_tiles_is_called_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    # mov rax,[rsi]; mov [rcx],rax; ret: the first factor's first eight bytes become the result's.
    monkeypatch.setattr(amx, "machine_code", lambda _: b"\x48\x8b\x06\x48\x89\x01\xc3")
    product = amx._multiply("tdpbssd")
    assert product[:8] == amx.factors()[0].tobytes()[:8]
    assert product[8:] == bytes(16 * 64 - 8)


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGSEGV])
def test_a_child_that_a_signal_ended_is_named(number: signal.Signals) -> None:
    assert amx.failure_of("tdpbssd", -number, b"") == f"tdpbssd ended by {number.name}"


def test_a_wrong_product_is_no_amx() -> None:
    right = amx.int8_product()
    assert amx.failure_of("tdpbssd", 0, right.tobytes()) is None
    assert amx.failure_of("tdpbssd", 0, (right + 1).tobytes()) == "tdpbssd gave a wrong product"
    assert amx.failure_of("tdpbssd", 0, right.tobytes()[:-4]) == "tdpbssd gave a wrong product"


def test_a_child_that_could_not_try_says_why() -> None:
    reason = amx.failure_of(
        "tdpbssd", 1, b"", b"Traceback\nPermissionError: no memory to run from\n"
    )
    assert reason == "tdpbssd could not be tried: PermissionError: no memory to run from"


@pytest.mark.parametrize(
    ("release", "old"),
    [("5.15.0-91-generic", True), ("4.19", True), ("5.16.0", False), ("6.1.0-13-amd64", False)],
)
def test_kernels_before_amx_are_known(release: str, old: bool) -> None:
    assert amx.is_kernel_too_old(release) == old


def test_without_permission_that_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amx, "probe", lambda _: amx.Probe(False, "tdpbssd ended by SIGILL"))
    assert amx.why_no_tiles() == "the kernel does not grant XTILEDATA"


def test_both_products_must_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = {"tdpbssd": None, "tdpbf16ps": "tdpbf16ps ended by SIGILL"}
    monkeypatch.setattr(amx, "probe", lambda name: amx.Probe(True, failures[name]))
    assert amx.why_no_tiles() == "tdpbf16ps ended by SIGILL"
    monkeypatch.setattr(amx, "probe", lambda _: amx.Probe(True, None))
    assert amx.why_no_tiles() is None


def test_an_old_kernel_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.release", lambda: "5.15.0")
    monkeypatch.setattr(amx, "probe", lambda _: amx.Probe(False, "tdpbssd ended by SIGILL"))
    assert amx.why_no_tiles() == "Linux 5.15.0 has no AMX; 5.16 is the first that does"


def test_an_old_kernel_into_which_its_maker_put_amx_is_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As Red Hat's 5.14.
    monkeypatch.setattr("platform.release", lambda: "5.14.0-427.el9.x86_64")
    monkeypatch.setattr(amx, "probe", lambda _: amx.Probe(True, None))
    assert amx.why_no_tiles() is None
