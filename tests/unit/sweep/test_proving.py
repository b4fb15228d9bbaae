"""The proofs of a cell at several batch sizes, from the one log that has them all."""

from dataclasses import replace

import pytest

from stages.common.onednn.log import Execution, OnednnLog
from stages.errors import ProofError
from stages.isa import get_isa
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult
from stages.records.measure import Span
from stages.sweep.proving import proofs_of
from tests.unit.records import NOT_COUNTED

INT8 = PlannedCell("int8", "AVX2", None)
HEADER = get_isa("AVX2").header


def convolution(start_ms: float, kernel: str = "jit_int8:avx2", data_type: str = "u8") -> Execution:
    return Execution(
        primitive="convolution",
        implementation=kernel,
        data_type=data_type,
        milliseconds=5.0,
        start_ms=start_ms,
    )


def trace(begin_ms: float) -> TraceResult:
    return TraceResult(Span(begin_ms=begin_ms, end_ms=begin_ms + 10), NOT_COUNTED)


def log(*executions: Execution) -> OnednnLog:
    return OnednnLog(version="3.3.0", isa_header=HEADER, executions=[*executions])


TRACES = {1: trace(1000.0), 8: trace(2000.0)}


def test_each_size_is_proven_by_what_ran_while_its_batches_did() -> None:
    own = log(convolution(1001.0), convolution(2001.0, kernel="brgconv:avx2"))
    one, eight = proofs_of(INT8, own, "int8_AVX2.log", TRACES)
    assert (one.batch_size, eight.batch_size) == (1, 8)
    assert [kernel.implementation for kernel in one.proof.kernels] == ["jit_int8:avx2"]
    assert [kernel.implementation for kernel in eight.proof.kernels] == ["brgconv:avx2"]
    assert one.proof.log == eight.proof.log == "int8_AVX2.log"


def test_a_size_at_which_the_model_ran_in_another_type_is_named() -> None:
    own = log(convolution(1001.0), convolution(2001.0, data_type="f32"))
    with pytest.raises(ProofError, match="at batch size 8, int8_AVX2: only 0% of the time"):
        proofs_of(INT8, own, "int8_AVX2.log", TRACES)
    assert proofs_of(INT8, own, "int8_AVX2.log", {1: TRACES[1]})


def test_a_size_of_which_the_log_has_nothing_is_not_proven() -> None:
    with pytest.raises(ProofError, match="at batch size 8, "):
        proofs_of(INT8, log(convolution(1001.0)), "int8_AVX2.log", TRACES)


def test_the_header_of_the_whole_log_is_that_of_each_size() -> None:
    other = replace(log(convolution(1001.0)), isa_header="Intel AVX-512")
    with pytest.raises(ProofError, match=r"at batch size 1, .*oneDNN's log says"):
        proofs_of(INT8, other, "int8_AVX2.log", {1: TRACES[1]})
