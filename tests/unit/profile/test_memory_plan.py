"""Which processes are alive at a time, and in which groups the cells are measured."""

import pytest

from stages.command_line import load
from stages.common.host.memory import GIB, Footprint
from stages.errors import HostError
from stages.profile.layouts import candidate_placements
from stages.profile.memory_plan import (
    candidates_that_fit,
    expected_plan,
    loading_at_once,
    plan_groups,
)
from stages.profile.plan import PlannedCell

CELLS = [
    PlannedCell(precision, isa, None)
    for isa in ("AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_AMX")
    for precision in ("fp32", "int8")
]
REPEATED = CELLS[-1]
SIZES = dict.fromkeys(CELLS, Footprint(3 * GIB // 2, GIB))


def layouts(gib: float, instances: str) -> list[int]:
    """Return the numbers of instances that are tried on four cores with this much memory."""
    settings = load({"VGG19_NUM_INSTANCES": instances})
    candidates = candidate_placements(settings, [0, 1, 2, 3])
    return [*map(len, candidates_that_fit(settings, CELLS, candidates, round(gib * GIB)))]


@pytest.mark.parametrize("left", [None, 32 * GIB])
def test_with_enough_memory_all_are_in_one_group_and_load_at_once(left: int | None) -> None:
    plan = plan_groups(CELLS, SIZES, 1, left)
    assert plan.groups == [CELLS]
    assert (plan.processes, plan.at_once) == (9, True)


def test_with_less_they_load_one_after_the_other() -> None:
    plan = plan_groups(CELLS, SIZES, 1, 10 * GIB)
    assert (plan.groups, plan.processes, plan.at_once) == ([CELLS], 9, False)
    assert plan.needed <= 10 * GIB


@pytest.mark.parametrize(("gib", "sizes"), [(8, [6, 3]), (6, [4, 4, 2]), (4, [2] * 7)])
def test_with_less_still_each_group_has_the_cell_that_is_measured_twice(
    gib: int, sizes: list[int]
) -> None:
    plan = plan_groups(CELLS, SIZES, 1, gib * GIB)
    assert [*map(len, plan.groups)] == sizes
    assert all(group[0] == REPEATED for group in plan.groups)
    assert [cell for group in plan.groups for cell in group[1:]] == CELLS[:-1]
    assert (plan.processes, plan.needed <= gib * GIB) == (max(sizes) + 1, True)


@pytest.mark.parametrize(
    ("instances", "remedy"),
    [(1, "or give a smaller batch_size$"), (2, "batch_size, or fewer instances$")],
)
def test_what_does_not_hold_three_processes_is_refused(instances: int, remedy: str) -> None:
    refused = rf"{3 * instances} processes need about .* available; .*{remedy}"
    with pytest.raises(HostError, match=refused):
        plan_groups(CELLS, SIZES, instances, 3 * GIB)


def test_a_single_cell_needs_two() -> None:
    plan = plan_groups([REPEATED], SIZES, 1, 3 * GIB)
    assert (plan.groups, plan.processes) == ([[REPEATED]], 2)
    with pytest.raises(HostError, match="2 processes need"):
        plan_groups([REPEATED], SIZES, 1, 2 * GIB)


def test_nothing_to_measure_takes_nothing() -> None:
    assert expected_plan(load({}), [], 1, GIB).processes == 0


def test_the_whole_ladder_of_vgg19_fits_into_8_gib_and_the_default_into_4() -> None:
    # Without what a container has for itself, and its page cache.
    ladder = load({"VGG19_ALL_CELLS": "1"})
    assert expected_plan(ladder, CELLS * 2, 1, 7 * GIB).needed <= 7 * GIB
    assert expected_plan(load({}), CELLS[:6], 1, 15 * GIB // 4).needed <= 15 * GIB // 4


@pytest.mark.parametrize(("gib", "tried"), [(64.0, [1, 2, 4]), (30.0, [1, 2, 4]), (5.0, [1])])
def test_layouts_that_do_not_fit_are_not_tried(gib: float, tried: list[int]) -> None:
    assert layouts(gib, "auto") == tried


@pytest.mark.parametrize("instances", ["auto", "1"])
def test_a_run_that_fits_in_no_layout_is_refused(instances: str) -> None:
    with pytest.raises(HostError, match=r"3 processes need about 3\.7 GiB of memory, and 3\.0 "):
        layouts(3.0, instances)


@pytest.mark.parametrize(
    ("cores", "gib", "number"), [(16, 64, 4), (2, 64, 2), (16, 4, 2), (16, 1, 1)]
)
def test_the_proofs_load_as_many_as_fit(cores: int, gib: int, number: int) -> None:
    assert loading_at_once(load({}), cores, gib * GIB) == number
    assert loading_at_once(load({}), cores, None) == min(cores, 4)
