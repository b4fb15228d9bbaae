"""What is swept by default, what is left out for want of room, and what is refused."""

import pytest

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.errors import HostError, PinningError
from stages.isa import LADDER
from stages.profile.plan import PlannedCell, plan_cells
from stages.settings import Settings
from stages.sweep.plan import Plan, group_series, highest_cells, placements_of, plan_sweep

INT8 = PlannedCell("int8", "AVX512_CORE_VNNI", None)
FP32 = PlannedCell("fp32", "AVX512_CORE", None)
GIB = 2**30
AMX_FLAGS = frozenset(flag for isa in LADDER for flag in isa.flags)


def plan(settings: Settings, images: int = 100, cores: int = 4, backbone: str = "embedded") -> Plan:
    return plan_sweep(settings, [FP32, INT8], [*range(cores)], images, backbone)


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: None)


def test_by_default_all_layouts_and_seven_sizes_are_swept() -> None:
    made = plan(Settings())
    assert [len(placement) for placement in made.placements] == [1, 2, 4]
    assert made.sizes == [1, 2, 4, 8, 16, 32, 64]
    assert made.left_out == []
    assert len(made.series) == 6


def test_sizes_beyond_the_test_split_are_left_out_which_is_said() -> None:
    made = plan(Settings(), images=20)
    assert made.sizes == [1, 2, 4, 8, 16]
    assert made.left_out == ["batch sizes 32, 64: there are 20 test images"]


def test_without_memory_for_all_the_largest_batches_go_first_then_layouts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: 12 * GIB)
    some = plan(Settings())
    assert some.sizes[-1] < 64
    assert len(some.placements) == 3
    assert some.left_out[0].startswith("batch sizes ")
    assert "memory has no room" in some.left_out[0]
    monkeypatch.setattr(memory, "available", lambda *_: 5 * GIB)
    less = plan(Settings())
    assert less.sizes[-1] == 8
    assert less.left_out[-1].startswith("instances 4: memory has no room")


def test_another_network_is_not_judged_by_what_vgg19_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: GIB)
    assert plan(Settings(), backbone="given/mine").left_out == []


def test_what_was_asked_for_and_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: 5 * GIB)
    with pytest.raises(HostError, match=r"8 processes need about .* smaller batch_sizes"):
        plan(Settings(batch_sizes=(64,), layouts=(4,)))


def test_the_layouts_that_are_asked_for_are_swept_in_order() -> None:
    placements = placements_of(Settings(layouts=(4, 1)), [0, 1, 2, 3])
    assert placements == [[[0, 1, 2, 3]], [[0], [1], [2], [3]]]


def test_more_instances_than_cores_are_refused_with_the_setting() -> None:
    with pytest.raises(PinningError, match=r"layouts 3 needs 3 cores, and there are 2; .*LAYOUTS"):
        placements_of(Settings(layouts=(1, 3)), [0, 1])


def test_profiles_own_instances_do_not_matter() -> None:
    asked = Settings(num_instances=2, cores_per_instance=1)
    assert [len(placement) for placement in placements_of(asked, [0, 1, 2, 3])] == [1, 2, 4]


def test_each_precision_is_swept_at_the_highest_cap_with_kernels_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: None)
    settings = Settings()
    cells = highest_cells(plan_cells(settings, AMX_FLAGS, {}), settings)
    assert [(cell.precision, cell.isa) for cell in cells] == [
        ("fp32", "AVX512_CORE"),
        ("bf16", "AVX512_CORE_AMX"),
        ("int8", "AVX512_CORE_AMX"),
        ("int8_bf16", "AVX512_CORE_AMX"),
    ]


def test_a_precision_that_can_not_run_keeps_its_reason() -> None:
    settings = Settings(precisions=("int8", "bf16"))
    int8, bf16 = highest_cells(plan_cells(settings, frozenset({"avx2"}), {}), settings)
    assert (int8.isa, int8.impossible) == ("AVX2", None)
    assert "flags" in (bf16.impossible or "")


def test_series_that_memory_does_not_hold_at_once_are_in_groups_with_the_reference() -> None:
    made = plan(Settings())
    prints = {FP32: Footprint(GIB, GIB), INT8: Footprint(GIB, GIB)}
    everything = group_series(made, prints, None)
    assert [len(group) for group in everything] == [6]
    groups = group_series(made, prints, 7 * GIB)
    assert len(groups) > 1
    assert all(group[0] == made.reference for group in groups)
    names = [series.name for group in groups for series in group]
    assert {series.name for series in made.series} == {*names}
    assert len(names) == len(made.series) + len(groups) - 1


def test_a_series_that_does_not_fit_beside_the_reference_is_refused() -> None:
    prints = {FP32: Footprint(GIB, GIB), INT8: Footprint(GIB, GIB)}
    with pytest.raises(HostError, match="5 processes need about 5"):
        group_series(plan(Settings()), prints, 4 * GIB)
