from dataclasses import replace

from stages.common.summaries import summaries
from stages.records.base import Interval, Provenance
from stages.records.cell import Cell, Reason, Validity
from tests.unit.records import both_models, exactly, measured, profile, repeat

UNEQUAL = Reason(kind="other_classes")
PAIR = (measured("fp32", "AVX2", 3.0), measured("int8", "AVX2", 6.0))


def test_the_summaries_are_of_the_highest_isa_that_ran_both() -> None:
    fp32, int8 = summaries(both_models())
    assert {fp32.isa, int8.isa} == {"AVX512_CORE_VNNI"}
    assert (fp32.throughput, int8.throughput, int8.accuracy) == (6.0, 21.0, 0.5)


def test_the_summaries_name_what_made_the_profile() -> None:
    maker = Provenance(version="1.2.3", image="sha256:1")
    record = profile(measured("fp32", "AVX2", 3.0), measured("int8", "AVX2", 4.0))
    assert {summary.maker.image for summary in summaries(replace(record, maker=maker))} == {
        "sha256:1"
    }


def test_the_summaries_have_intervals_units_and_what_speaks_against_them() -> None:
    drift = Reason(kind="drift", scenario="offline", numbers={"drift": -0.1})
    loose = Interval(estimate=6.0, low=5.0, high=7.0)
    int8 = measured("int8", "AVX2", 6.0, validity=Validity(valid=False, reasons=[drift]))
    assert int8.measurement
    offline = replace(int8.measurement.offline, throughput_images_per_s=loose)
    int8 = replace(int8, measurement=replace(int8.measurement, offline=offline))
    doubtful = replace(profile(PAIR[0], int8), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    of_fp32, of_int8 = summaries(doubtful)
    assert (of_fp32.throughput_speedup, of_fp32.latency_speedup) == (None, None)
    assert of_int8.throughput_interval == loose
    assert (of_int8.throughput_speedup, of_int8.latency_speedup) == (exactly(2.0), exactly(2.0))
    assert (of_fp32.valid, of_int8.valid, of_int8.reasons) == (True, False, [drift])
    assert (of_int8.trusted, of_int8.run_reasons) == (False, [UNEQUAL])
    numbers = {"accuracy", "throughput", "latency"}
    numbers |= {
        f"{name}_{kind}" for name in numbers - {"accuracy"} for kind in ("interval", "speedup")
    }
    assert set(of_int8.units) == {*numbers, "rounds"}


def test_a_summary_says_how_many_rounds_its_intervals_are_of() -> None:
    measurement = PAIR[1].measurement
    assert measurement
    counted = {
        "offline": len(measurement.offline.runs),
        "single_stream": len(measurement.single_stream.runs),
    }
    assert summaries(profile(*PAIR))[1].rounds == counted


def test_a_summary_says_whether_its_accuracy_is_more_than_chance() -> None:
    record = profile(measured("fp32", "AVX2", 3.0), measured("int8", "AVX2", 6.0, top1=0.5))
    fp32, int8 = (summary.chance for summary in summaries(record))
    assert fp32
    assert int8
    assert (fp32.right, fp32.largest_class, fp32.p_value < 1e-9) == (100, 50, True)
    assert (int8.right, int8.p_value > 0.5) == (50, True)


def test_one_precision_alone_has_no_summary() -> None:
    record = profile(measured("fp32", "AVX2", 3.0))
    assert summaries(record) == []


def test_a_cell_that_is_the_same_as_another_has_its_figures() -> None:
    same = Cell(precision="fp32", requested_isa="AVX512_CORE_VNNI", same_as="AVX512_CORE")
    record = profile(
        measured("fp32", "AVX512_CORE", 6.0), same, measured("int8", "AVX512_CORE_VNNI", 21.0)
    )
    fp32, int8 = summaries(record)
    assert (fp32.isa, fp32.throughput, int8.throughput) == ("AVX512_CORE_VNNI", 6.0, 21.0)
