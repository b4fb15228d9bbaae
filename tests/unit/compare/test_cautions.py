from dataclasses import replace

import pytest

from stages.compare.cautions import (
    may_be_more_sure,
    models_caution,
    rounds_leave_some,
    run_caution,
)
from stages.compare.effects import compare
from stages.records.cell import Reason, ReasonKind, Validity
from tests.unit.compare.profiles import DRIFTED, UNEQUAL, both_runtimes, of_one_round, profiled
from tests.unit.records import measured, profile, repeat


@pytest.mark.parametrize(
    ("scenarios", "said"),
    [
        ([], ""),
        (["offline"], "INVALID: throughput of INT8: see compare.log"),
        (["single_stream"], "INVALID: latency of INT8: see compare.log"),
        (
            ["offline", "single_stream"],
            "INVALID: throughput of INT8, latency of INT8: see compare.log",
        ),
    ],
)
def test_a_picture_of_models_says_which_figures_are_invalid(
    scenarios: list[str], said: str
) -> None:
    reasons = [replace(DRIFTED, scenario=scenario) for scenario in scenarios]
    verdict = Validity(valid=not reasons, reasons=reasons)
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, validity=verdict)]
    (runtime,) = profiled(profile(*cells))
    assert models_caution(runtime.summaries) == said
    assert run_caution(compare([runtime])) == ""


def test_a_run_that_is_not_to_be_trusted_is_said_before_all_else() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0)]
    (runtime,) = profiled(replace(profile(*cells), repeat=repeat(trusted=False, reasons=[UNEQUAL])))
    said = "THIS RUN IS NOT TO BE TRUSTED: see compare.log"
    assert run_caution(compare([runtime])) == models_caution(runtime.summaries) == said


@pytest.mark.parametrize(
    ("kind", "helps"), [("few_rounds", True), ("other_classes", False), (None, False)]
)
def test_rounds_are_to_be_added_if_they_may_help(kind: ReasonKind | None, *, helps: bool) -> None:
    at_chance = [measured(name, "AVX2", 5.0, top1=0.5) for name in ("fp32", "int8")]
    reasons = [Reason(kind=kind, numbers={"rounds": 2})] if kind else []
    record = replace(profile(*at_chance), repeat=repeat(trusted=not reasons, reasons=reasons))
    assert may_be_more_sure(compare(profiled(record))) == helps


def test_rounds_may_help_a_cell_that_drifted_and_none_with_a_short_turn() -> None:
    for reason, helps in ((DRIFTED, True), (replace(DRIFTED, kind="loadgen"), False)):
        verdict = Validity(valid=False, reasons=[reason])
        cells = [measured("fp32", "AVX2", 5.0, validity=verdict), measured("int8", "AVX2", 9.0)]
        assert may_be_more_sure(compare(profiled(profile(*cells)))) == helps


@pytest.mark.parametrize(
    ("text", "leaves"),
    [("shorter than the least duration", True), ("Only processed 2 queries", False)],
)
def test_it_is_known_if_added_rounds_leave_a_turn_that_was_too_short(
    text: str, *, leaves: bool
) -> None:
    short = Reason(kind="loadgen", text=text, numbers={"runs": 1, "of": 2}, scenario="offline")
    cells = [
        measured("int8", "AVX2", 9.0, validity=Validity(valid=False, reasons=[short, DRIFTED]))
    ]
    cells.append(measured("fp32", "AVX2", 5.0))
    assert rounds_leave_some(compare(profiled(profile(*cells)))) == leaves


def test_of_two_runs_the_one_in_doubt_is_named() -> None:
    itex, stock = both_runtimes()
    record = compare([itex, stock])
    doubtful = [replace(repeat, trusted=repeat.runtime == "itex") for repeat in record.repeats]
    assert run_caution(replace(record, repeats=doubtful)) == (
        "stock: THIS RUN IS NOT TO BE TRUSTED: see compare.log"
    )


def test_a_picture_of_one_round_says_that_nothing_is_known_of_chance() -> None:
    (runtime,) = of_one_round()
    said = "THIS RUN IS NOT TO BE TRUSTED (one round: no interval): see compare.log"
    assert run_caution(compare([runtime])) == said
    assert models_caution(runtime.summaries) == said
