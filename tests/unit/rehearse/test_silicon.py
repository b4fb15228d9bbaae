"""What the emulator foretold of AMX, beside what a real one did."""

import pytest

from stages.common.onednn.log import Execution, parse_log
from stages.common.onednn.traced import span_of, within
from stages.rehearse.layers import multiplying
from tests.unit.rehearse.recordings import LOGS, RECORDINGS, nodes_of


def ran(recording: str) -> list[Execution]:
    """Return what multiplied in a recording's traced inference."""
    log = parse_log((LOGS / f"{recording}.txt").read_text().splitlines())
    return multiplying(within(log.executions, span_of(nodes_of(recording))))


@pytest.mark.parametrize("precision", RECORDINGS)
def test_a_real_amx_ran_the_kernels_that_the_emulator_named(precision: str) -> None:
    emulated, _ = RECORDINGS[precision]
    real = (LOGS / f"itex2150_{precision}_AVX512_CORE_AMX.txt").read_text().splitlines()
    executions = multiplying(parse_log(real).executions)
    assert len(executions) == 17
    foretold = [(one.problem, one.implementation, one.data_type) for one in ran(emulated)]
    assert [(one.problem, one.implementation, one.data_type) for one in executions] == foretold
