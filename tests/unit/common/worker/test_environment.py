import pytest

from stages.common.worker.environment import worker_environment

POLLUTED = {
    "PATH": "/bin",
    "HOME": "/tmp",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OMP_NUM_THREADS": "99",
    "ITEX_AUTO_MIXED_PRECISION": "1",
    "LD_PRELOAD": "x.so",
    "VGG19_BATCH_SIZE": "4",
}


def test_nothing_of_the_parent_steers_a_measurement() -> None:
    built = worker_environment(POLLUTED, "fp32", "AVX512_CORE", 2, verbose=False)
    assert built["ONEDNN_MAX_CPU_ISA"] == "AVX512_CORE"
    assert built["OMP_NUM_THREADS"] == "2"
    assert built["ITEX_AUTO_MIXED_PRECISION"] == "0"
    assert built["PATH"] == "/bin"
    assert not {"DNNL_MAX_CPU_ISA", "LD_PRELOAD", "VGG19_BATCH_SIZE"} & set(built)


@pytest.mark.parametrize(
    ("precision", "expected"), [("fp32", "0"), ("int8", "0"), ("bf16", "1"), ("int8_bf16", "1")]
)
def test_bf16_is_switched_on_where_it_is_asked_for_alone(precision: str, expected: str) -> None:
    built = worker_environment({}, precision, "AVX512_CORE_BF16", 1, verbose=False)
    assert built["ITEX_AUTO_MIXED_PRECISION"] == expected


def test_without_an_isa_there_is_no_cap() -> None:
    capped = worker_environment(POLLUTED, "int8", "AVX2", 1, verbose=False)
    free = worker_environment(POLLUTED, "int8", None, 1, verbose=False)
    assert capped == {**free, "ONEDNN_MAX_CPU_ISA": "AVX2"}


def test_only_a_proof_run_is_verbose() -> None:
    timed = worker_environment({}, "int8", "AVX2", 1, verbose=False)
    proof = worker_environment({}, "int8", "AVX2", 1, verbose=True)
    assert proof == {**timed, "ONEDNN_VERBOSE": "1", "ONEDNN_VERBOSE_TIMESTAMP": "1"}
