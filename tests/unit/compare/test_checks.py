from stages.compare.checks import repeat_verdict, saturations
from stages.records.cell import Accuracy, Cell
from stages.records.compare import Saturation
from tests.unit.records import measured, profile


def answering(isa: str, *predictions: int, precision: str = "int8") -> Cell:
    accuracy = Accuracy(top1=1.0, predictions=[*predictions], agreement_fp32=1.0, log="log")
    return measured(precision, isa, 4.0, accuracy=accuracy)


def test_int8_without_vnni_is_held_against_int8_with_it() -> None:
    record = profile(
        answering("AVX2", 0, 1, 1),
        answering("AVX512_CORE", 0, 0, 0),
        answering("AVX512_CORE_VNNI", 0, 1, 0),
        answering("AVX512_CORE_BF16", 0, 0, 0),
        answering("AVX2", 5, 5, 5, precision="fp32"),
    )
    expected = [
        Saturation(runtime="itex", isa=isa, reference_isa="AVX512_CORE_VNNI", differing=1, images=3)
        for isa in ("AVX2", "AVX512_CORE")
    ]
    assert saturations(record) == expected


def test_without_vnni_there_is_nothing_to_hold_it_against() -> None:
    assert saturations(profile(answering("AVX2", 0, 1, 1))) == []


def test_the_cell_measured_twice_keeps_its_runtime_and_verdict() -> None:
    verdict = repeat_verdict(profile(runtime="stock"))
    assert (verdict.runtime, verdict.precision, verdict.isa) == ("stock", "int8", "AVX2")
    assert (verdict.trusted, verdict.offline_ratio.high) == (True, 1.01)
