import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from stages.common.onednn.kernels import kernel_isa
from stages.common.onednn.log import parse_log
from stages.errors import ProofError
from stages.isa import AMX
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, TraceResult, prove
from stages.records.measure import AmxBusy, Span
from stages.records.proof import Proof
from tests.unit.records import NOT_COUNTED

LOGS = Path(__file__).parents[2] / "data" / "onednn"


def lines(name: str) -> list[str]:
    return (LOGS / f"{name}.txt").read_text().splitlines()


SPAN = Span(begin_ms=0.0, end_ms=5.0)


def counted(fraction: float) -> AmxBusy:
    return AmxBusy(busy_cycles=1000 * fraction, cycles=1000.0)


def run_from(
    cell: PlannedCell,
    text: Iterable[str],
    below: Mapping[PlannedCell, ProofRun] | None = None,
    busy: AmxBusy = NOT_COUNTED,
) -> ProofRun:
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        log.write("\n".join(text))
        log.flush()
        return prove(cell, Path(log.name), TraceResult(SPAN, busy), below or {})


def proof_from(cell: PlannedCell, text: Iterable[str], busy: AmxBusy = NOT_COUNTED) -> Proof:
    return run_from(cell, text, busy=busy).proof


def proof_of(log: str, precision: str, isa: str) -> Proof:
    return proof_from(PlannedCell(precision, isa, None), lines(log))


@pytest.mark.parametrize(
    ("log", "precision", "isa"),
    [
        ("itex2150_fp32_AVX2", "fp32", "AVX2"),
        ("itex2150_fp32_AVX512_CORE_BF16", "fp32", "AVX512_CORE_BF16"),
        ("itex2150_int8-nopool_AVX2", "int8", "AVX2"),
        ("itex2150_int8-nopool_AVX512_CORE", "int8", "AVX512_CORE"),
        ("itex2150_int8-nopool_AVX512_CORE_VNNI", "int8", "AVX512_CORE_VNNI"),
        ("itex2150_bf16_AVX512_CORE_BF16", "bf16", "AVX512_CORE_BF16"),
        ("itex2150_int8-nopool_AVX512_CORE_AMX_emulated", "int8", "AVX512_CORE_AMX"),
        ("itex2150_bf16_AVX512_CORE_AMX_emulated", "bf16", "AVX512_CORE_AMX"),
    ],
)
def test_a_log_proves_the_cell_it_was_recorded_for(log: str, precision: str, isa: str) -> None:
    proof = proof_of(log, precision, isa)
    assert proof.verdict == "native"
    assert proof.reference_share == 0
    assert sum(kernel.share for kernel in proof.kernels) == pytest.approx(1)


def test_a_misspelt_cap_is_caught() -> None:
    with pytest.raises(ProofError, match="does not know the cap"):
        proof_of("itex2150_int8-nopool_typo", "int8", "AVX512_CORE_VNNI")


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_a_real_amx_is_proven_by_its_log(precision: str) -> None:
    log = LOGS / f"itex2150_{precision}_AVX512_CORE_AMX.txt"
    began = [one.start_ms for one in parse_log(lines(log.stem)).executions]
    traced = TraceResult(Span(begin_ms=min(began), end_ms=max(began)), NOT_COUNTED)
    proof = prove(PlannedCell(precision, AMX, None), log, traced, {}).proof
    assert proof.verdict == "native"
    assert {kernel_isa(kernel.implementation) for kernel in proof.kernels[:1]} == {AMX}


def test_a_run_under_another_cap_is_caught() -> None:
    with pytest.raises(ProofError):
        proof_of("itex2150_int8-nopool_AVX512_CORE_VNNI", "int8", "AVX512_CORE_AMX")


def test_a_model_of_another_precision_is_caught() -> None:
    with pytest.raises(ProofError, match="0% of the time ran in int8"):
        proof_of("itex2150_fp32_AVX512_CORE_BF16", "int8", "AVX512_CORE_BF16")


INT8_BF16_LOGS = [
    # The BF16 of a model that is mostly INT8; of one that has nothing left to convert.
    ("tf221_int8-bf16_AVX512_CORE_AMX_emulated", "AVX512_CORE_AMX"),
    ("itex2150_int8-nopool_AVX512_CORE_VNNI", "AVX512_CORE_VNNI"),
]


@pytest.mark.parametrize(("log", "isa"), INT8_BF16_LOGS)
def test_int8_bf16_is_int8_with_or_without_bf16(log: str, isa: str) -> None:
    assert proof_of(log, "int8_bf16", isa).verdict == "native"


def test_a_model_all_in_bf16_is_no_int8_bf16() -> None:
    with pytest.raises(ProofError, match="0% of the time ran in int8_bf16"):
        proof_of("itex2150_bf16_AVX512_CORE_BF16", "int8_bf16", "AVX512_CORE_BF16")


@pytest.mark.parametrize("precision", ["bf16", "int8_bf16"])
def test_bf16_below_its_instructions_is_emulated(precision: str) -> None:
    # Written after the format of a recorded log, as if oneDNN had made do with AVX-512.
    header = "isa:Intel AVX-512 with Intel DL Boost"
    text = "\n".join(lines("itex2150_bf16_AVX512_CORE_BF16"))
    text = text.replace(header + " and bfloat16 support", header).replace("core_bf16", "core")
    if precision == "int8_bf16":
        text = re.sub("(,convolution,.*?)src_bf16", r"\1src_u8", text, count=1)
    cell = PlannedCell(precision, "AVX512_CORE_VNNI", None)
    assert proof_from(cell, text.splitlines()).verdict == "emulated"


def test_amx_bf16_does_not_pass_for_amx_int8() -> None:
    with pytest.raises(ProofError):
        proof_of("itex2150_bf16_AVX512_CORE_AMX_emulated", "int8", "AVX512_CORE_AMX")


def test_implicit_bf16_under_the_name_of_fp32_is_caught() -> None:
    # Written after the format of a recorded log: AMX kernels on f32 sources.
    written = [
        line.replace("src_bf16", "src_f32").replace("wei_bf16", "wei_f32")
        for line in lines("itex2150_bf16_AVX512_CORE_AMX_emulated")
    ]
    with pytest.raises(ProofError, match="must not"):
        proof_from(PlannedCell("fp32", "AVX512_CORE_AMX", None), written)


def test_a_kernel_above_the_cap_is_caught() -> None:
    text = "\n".join(lines("itex2150_int8-nopool_AVX512_CORE_VNNI"))
    written = text.replace("brgconv:avx512_core_vnni", "brgconv:avx512_core_amx").splitlines()
    with pytest.raises(ProofError, match="must not"):
        proof_from(PlannedCell("int8", "AVX512_CORE_VNNI", None), written)


def test_a_quantized_op_that_fell_back_is_caught() -> None:
    log = [*lines("itex2150_int8-nopool_AVX2"), "Unsupported INT8 pattern: x"]
    with pytest.raises(ProofError, match="fell back"):
        proof_from(PlannedCell("int8", "AVX2", None), log)


def test_an_empty_log_proves_nothing() -> None:
    with pytest.raises(ProofError):
        proof_from(PlannedCell("int8", "AVX2", None), [])


def test_reference_kernels_show_in_the_share() -> None:
    proof = proof_of("itex2150_int8-default_AVX512_CORE_VNNI", "int8", "AVX512_CORE_VNNI")
    assert 0.5 < proof.reference_share < 1


VNNI, BF16, FP16 = (
    PlannedCell("int8", isa, None)
    for isa in ("AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX512_CORE_FP16")
)
HEADER = "isa:Intel AVX-512 with Intel DL Boost"
HEADERS = {
    VNNI: HEADER,
    BF16: f"{HEADER} and bfloat16 support",
    FP16: "isa:Intel AVX-512 with float16, Intel DL Boost and bfloat16 support",
}


def raised(cell: PlannedCell) -> list[str]:
    """Return the log of a run at VNNI as if it had been capped at another ISA."""
    text = "\n".join(lines("itex2150_int8-nopool_AVX512_CORE_VNNI"))
    return text.replace(HEADER, HEADERS[cell]).splitlines()


def test_equal_kernels_are_the_same_as_the_lowest_isa_that_ran_them() -> None:
    runs: dict[PlannedCell, ProofRun] = {}
    for cell in (VNNI, BF16, FP16):
        runs[cell] = run_from(cell, raised(cell), runs)
    assert [run.same_as for run in runs.values()] == [None, VNNI.isa, VNNI.isa]
    assert [run.proof.verdict for run in runs.values()] == ["native", *[f"same-as {VNNI.isa}"] * 2]


@pytest.mark.parametrize("milliseconds", ["0.01", "500"])
def test_a_softmax_in_the_name_of_the_cap_is_no_other_kernel(milliseconds: str) -> None:
    # As recorded at both caps with FP16; the time is that of one that was preempted.
    below = {VNNI: run_from(VNNI, raised(VNNI))}
    text = "\n".join(raised(FP16))
    renamed = re.sub(
        r"(,softmax,jit:avx512_core)(,.*),[\d.]+$", rf"\1_fp16\2,{milliseconds}", text, flags=re.M
    )
    assert renamed.count("softmax,jit:avx512_core_fp16") == 3
    assert run_from(FP16, renamed.splitlines(), below).same_as == VNNI.isa


def test_another_precision_is_never_the_same() -> None:
    other = PlannedCell("int8_bf16", VNNI.isa, None)
    below = {VNNI: run_from(VNNI, raised(VNNI))}
    assert run_from(other, raised(VNNI), below).same_as is None


def test_the_same_kernels_on_other_dimensions_are_not_the_same() -> None:
    below = {VNNI: run_from(VNNI, raised(VNNI))}
    larger = [re.sub(r"\bmb\d", "mb9", line) for line in raised(BF16)]
    run = run_from(BF16, larger, below)
    assert (run.same_as, run.proof.verdict) == (None, "native")


@pytest.mark.parametrize(
    ("implementation", "isa"),
    [
        ("brgconv:avx512_core_vnni", "AVX512_CORE_VNNI"),
        ("brgconv:avx512_core", "AVX512_CORE"),
        ("brg_conv_fwd:avx10_1_512_amx", "AVX512_CORE_AMX"),
        ("brg_conv_fwd:avx10_1_512", "AVX512_CORE_FP16"),
        ("jit:avx2", "AVX2"),
        ("gemm:jit:bf16", None),
        ("ref:any", None),
    ],
)
def test_kernel_names_tell_their_isa(implementation: str, isa: str | None) -> None:
    assert kernel_isa(implementation) == isa


AMX_LOG, VNNI_LOG = (
    "itex2150_int8-nopool_AVX512_CORE_AMX_emulated",
    "itex2150_int8-nopool_AVX512_CORE_VNNI",
)


@pytest.mark.parametrize(
    ("log", "isa", "fraction"),
    [(AMX_LOG, "AVX512_CORE_AMX", 0.4), (VNNI_LOG, "AVX512_CORE_VNNI", 0.0)],
)
def test_what_the_processor_counted_is_part_of_the_proof(
    log: str, isa: str, fraction: float
) -> None:
    cell = PlannedCell("int8", isa, None)
    assert proof_from(cell, lines(log), counted(fraction)).amx_busy.share == fraction
    unknown = proof_from(cell, lines(log)).amx_busy
    assert (unknown.share, unknown.missing) == (None, "no amx_tile flag")


@pytest.mark.parametrize(
    ("log", "isa", "fraction"),
    [(AMX_LOG, "AVX512_CORE_AMX", 0.0), (VNNI_LOG, "AVX512_CORE_VNNI", 0.2)],
)
def test_a_log_that_the_processor_contradicts_is_caught(
    log: str, isa: str, fraction: float
) -> None:
    with pytest.raises(ProofError, match="what ran is not what the log says"):
        proof_from(PlannedCell("int8", isa, None), lines(log), counted(fraction))


def test_an_inference_without_primitives_is_no_proof() -> None:
    cell = PlannedCell("int8", "AVX512_CORE_VNNI", None)
    late = TraceResult(Span(begin_ms=1.0, end_ms=5.0), NOT_COUNTED)
    with pytest.raises(ProofError, match="has nothing of the traced inference"):
        prove(cell, LOGS / f"{VNNI_LOG}.txt", late, {})
