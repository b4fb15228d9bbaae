from dataclasses import replace

import pytest

from stages.compare.cautions import of_models, of_run
from stages.compare.effects import compare
from stages.records.cell import Validity
from tests.unit.compare.profiles import DRIFTED, UNEQUAL, both_runtimes, profiled
from tests.unit.records import measured, profile, repeat


@pytest.mark.parametrize(
    ("scenarios", "said"),
    [
        ([], ""),
        (["offline"], "INVALID: throughput of INT8; see compare.log"),
        (["single_stream"], "INVALID: latency of INT8; see compare.log"),
        (
            ["offline", "single_stream"],
            "INVALID: throughput of INT8, latency of INT8; see compare.log",
        ),
    ],
)
def test_a_picture_of_models_says_which_figures_are_invalid(
    scenarios: list[str], said: str
) -> None:
    reasons = [replace(DRIFTED, scenario=each) for each in scenarios]
    verdict = Validity(valid=not reasons, reasons=reasons)
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, validity=verdict)]
    (found,) = profiled(profile(*cells))
    assert of_models(compare([found]), "itex", found.summaries) == said
    assert of_run(compare([found])) == ""


def test_a_run_that_is_not_to_be_trusted_is_said_before_all_else() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0)]
    (found,) = profiled(replace(profile(*cells), repeat=repeat(trusted=False, reasons=[UNEQUAL])))
    said = "this run is not to be trusted: see compare.log"
    assert of_run(compare([found])) == of_models(compare([found]), "itex", found.summaries) == said


def test_of_two_runs_the_one_in_doubt_is_named() -> None:
    itex, stock = both_runtimes()
    record = compare([itex, stock])
    doubtful = [replace(each, trusted=each.runtime == "itex") for each in record.repeats]
    assert of_run(replace(record, repeats=doubtful)) == (
        "this run by stock is not to be trusted: see compare.log"
    )
