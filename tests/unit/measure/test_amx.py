import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.measure import amx
from stages.measure.host import cpu_flags

ROOT = Path(__file__).parents[3]
MULTIPLY = """
import numpy as np
from stages.measure import amx

tiles = np.random.default_rng(1).integers(-128, 128, (2, 16, 64), np.int8)
assert (amx.product(*tiles) == amx.expected(*tiles)).all()
"""
# As `objdump -d -M intel` of GNU binutils 2.40 reads these bytes.
DISASSEMBLED = """\
   0:	c4 e2 78 49 07       	ldtilecfg [rdi]
   5:	c4 e2 7b 49 c0       	tilezero tmm0
   a:	c4 e2 7b 4b 0c 0e    	tileloadd tmm1,[rsi+rcx*1]
  10:	c4 e2 7b 4b 14 0a    	tileloadd tmm2,[rdx+rcx*1]
  16:	c4 e2 6b 5e c1       	tdpbssd tmm0,tmm1,tmm2
  1b:	c4 c2 7a 4b 04 08    	tilestored [r8+rcx*1],tmm0
  21:	c4 e2 78 49 c0       	tilerelease
  26:	c3                   	ret
"""


def test_the_code_is_what_a_disassembler_reads() -> None:
    rows = [line.split("\t") for line in DISASSEMBLED.splitlines()]
    assert tuple((code.replace(" ", ""), text) for _, code, text in rows) == amx.CODE


def test_a_product_of_tiles_is_right_where_there_are_tiles_and_a_fault_elsewhere() -> None:
    done = subprocess.run([sys.executable, "-c", MULTIPLY], cwd=ROOT, capture_output=True)
    has_tiles = "amx_int8" in cpu_flags() and not amx.why_no_amx()
    assert done.returncode == (0 if has_tiles else -signal.SIGILL), done.stderr


def test_a_machine_without_the_flags_says_why() -> None:
    if "amx_tile" not in cpu_flags():
        assert "tile" in amx.why_no_amx().lower()


def test_the_expected_product_sums_four_bytes_at_a_time() -> None:
    left, right = np.zeros((2, 16, 64), np.int8)
    left[2, 4 * 5 : 4 * 5 + 4] = (1, 2, 3, -4)
    right[5, 4 * 7 : 4 * 7 + 4] = (10, 20, -30, 40)
    product = amx.expected(left, right)
    assert product[2, 7] == 10 + 40 - 90 - 160
    assert np.count_nonzero(product) == 1


def test_each_tile_has_sixteen_rows_of_64_bytes() -> None:
    configuration = amx.configured()
    assert configuration[0] == 1
    assert configuration[16:64].view(np.uint16)[:3].tolist() == [64, 64, 64]
    assert configuration[48:51].tolist() == [16, 16, 16]
    assert configuration.sum() == 1 + 3 * 64 + 3 * 16


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ""),
        (-4, "ended in SIGILL"),
        (-11, "ended in SIGSEGV"),
        (amx.REFUSED, "does not grant XTILEDATA"),
        (amx.WRONG, "wrong result"),
        (1, "could not be tried (exit code 1)"),
    ],
)
def test_how_it_ended_is_said_in_words(code: int, words: str) -> None:
    said = amx.explain(code)
    assert words in said
    assert bool(said) == bool(code)
