from stages.common.reasons import disturbances_in_words
from stages.compare.checks import disturbed_turns, repeat_verdict, saturations
from stages.compare.table import disturbed_in_words
from stages.records.cell import Accuracy, Cell, Offline
from stages.records.compare import Saturation
from stages.records.measure import Run
from tests.unit.records import exactly, interference, measured, profile, run


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


def test_the_most_that_disturbed_a_turn_is_said_of_all_turns() -> None:
    figures = offline_of(
        run(4.0, 1),
        run(2.0, 2, interference=interference(waiting=0.38), disturbed_by=["waiting"]),
        run(3.0, 3, interference=interference(waiting=0.1, steal=0.05), disturbed_by=["waiting"]),
    )
    (found,) = disturbed_turns(profile(measured("int8", "AVX2", 4.0, offline=figures)))
    # Two offline, and two each in a single stream, and the second time in both.
    assert (found.turns, found.disturbed, found.most) == (3 + 2 + 2 + 2, 2, {"waiting": 0.38})
    assert disturbances_in_words(found.most) == (
        "waited for other processes up to 38% of the cores' time"
    )


def test_disturbed_turns_that_are_in_the_figures_are_counted() -> None:
    noise = {"interference": interference(waiting=0.38), "disturbed_by": ["waiting"]}
    figures = offline_of(run(4.0, 1, counts=False, **noise), run(4.0, 1), run(2.0, 2, **noise))
    (found,) = disturbed_turns(profile(measured("int8", "AVX2", 4.0, offline=figures)))
    assert disturbed_in_words(found) == "2 of 9, 1 of them in the figures for want of quiet ones"
    left_out = offline_of(run(4.0, 1, counts=False, **noise), run(4.0, 1))
    (found,) = disturbed_turns(profile(measured("int8", "AVX2", 4.0, offline=left_out)))
    assert disturbed_in_words(found) == "1 of 8"


def test_a_quiet_profile_has_no_line_of_it() -> None:
    assert disturbed_turns(profile()) == []


def offline_of(*runs: Run) -> Offline:
    return Offline(batch_size=8, throughput_images_per_s=exactly(4.0), runs=[*runs])


def test_the_cell_measured_twice_keeps_its_runtime_and_verdict() -> None:
    verdict = repeat_verdict(profile(runtime="stock"))
    assert (verdict.runtime, verdict.precision, verdict.isa) == ("stock", "int8", "AVX2")
    assert (verdict.trusted, verdict.offline_ratio.high) == (True, 1.01)
