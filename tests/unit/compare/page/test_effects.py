"""Effects on the page, and what is said of them."""

import pytest

from stages.compare.effects import compare
from stages.compare.page.effects import effects
from stages.compare.page.seen import Seen
from stages.records.cell import Reason, Validity
from tests.unit.compare.profiles import DRIFTED, DRIFTED_LATENCY, profiled
from tests.unit.records import measured, profile


@pytest.mark.parametrize(
    ("reasons", "remark"),
    [([DRIFTED], "INVALID"), ([DRIFTED_LATENCY], ""), ([DRIFTED_LATENCY, DRIFTED], "INVALID")],
)
def test_a_ratio_of_rates_is_invalid_for_rates_alone(reasons: list[Reason], remark: str) -> None:
    bad = Validity(valid=False, reasons=reasons)
    cells = [
        measured("fp32", "AVX2", 5.0),
        measured("int8", "AVX2", 10.0),
        measured("int8", "AVX512_CORE_VNNI", 20.0, validity=bad),
        measured("fp32", "AVX512_CORE_VNNI", 10.0),
    ]
    profiles = profiled(profile(*cells))
    found = effects(Seen(compare(profiles), profiles))
    by_kind = [
        [one.remark for one in kind if one.changed == "INT8 at AVX-512 VNNI"]
        for kind in (found.precision, found.isa, found.steps)
    ]
    assert by_kind == [[remark], [remark], [remark]]
