from dataclasses import replace

import pytest

from stages.profile.summary import closing_line
from stages.records.cell import Reason, Validity
from tests.unit.records import both_models, measured, profile, repeat

UNEQUAL = Reason(kind="other_classes")
PAIR = (measured("fp32", "AVX2", 3.0), measured("int8", "AVX2", 6.0))


def test_the_closing_line_has_the_headline() -> None:
    assert closing_line(both_models()) == (
        "profile: INT8 21.00 images/s against FP32 6.00 (3.50x, 95% interval 3.50-3.50), "
        "top-1 50.0% against 100.0%, capped at AVX512_CORE_VNNI; measured 2026-11-26 17:24 UTC"
    )


def test_the_closing_line_counts_cells_if_not_both_models_were_measured() -> None:
    record = profile(measured("fp32", "AVX2", 3.0))
    assert closing_line(record) == "profile: 1 cell; measured 2026-11-26 17:24 UTC"


def test_the_closing_line_says_that_the_run_is_not_to_be_trusted() -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 1})
    noisy = replace(profile(*PAIR), repeat=repeat(trusted=False, reasons=[few]))
    assert closing_line(noisy).endswith(
        "(2.00x), top-1 100.0% against 100.0%, capped at AVX2; measured 2026-11-26 17:24 UTC; "
        "THIS RUN IS NOT TO BE TRUSTED (one round: no interval)"
    )
    other = replace(noisy, repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    assert closing_line(other).endswith("THIS RUN IS NOT TO BE TRUSTED")
    assert closing_line(profile(*PAIR)).endswith("17:24 UTC")


@pytest.mark.parametrize(
    ("scenario", "said"), [("offline", True), ("single_stream", False)], ids=str
)
def test_the_closing_line_says_which_of_its_figures_are_invalid(scenario: str, said: bool) -> None:
    drift = Reason(kind="drift", scenario=scenario, numbers={"drift": -0.1})
    int8 = measured("int8", "AVX2", 6.0, validity=Validity(valid=False, reasons=[drift]))
    line = closing_line(profile(PAIR[0], int8))
    assert line.endswith("; INVALID: throughput of INT8") == said
