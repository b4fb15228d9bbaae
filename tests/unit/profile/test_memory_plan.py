"""What a run takes, before anything of it runs."""

import pytest

from stages.command_line import load
from stages.common.host.memory import GIB
from stages.errors import HostError
from stages.profile.layouts import candidate_placements
from stages.profile.memory_plan import candidates_that_fit, expected_peak, plan_memory, what_fits
from stages.profile.plan import PlannedCell

CELLS = [
    PlannedCell(precision, isa, None)
    for isa in ("AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_AMX")
    for precision in ("fp32", "int8")
]


def layouts(monkeypatch: pytest.MonkeyPatch, gib: float, instances: str) -> list[int]:
    """Return the numbers of instances that are tried on four cores with this much memory."""
    monkeypatch.setattr("stages.common.host.memory.available", lambda: round(gib * GIB))
    settings = load({"VGG19_NUM_INSTANCES": instances})
    candidates = candidate_placements(settings, [0, 1, 2, 3])
    return [*map(len, candidates_that_fit(settings, CELLS, candidates))]


def test_all_cells_and_one_again_are_counted_in_each_instance() -> None:
    settings = load({})
    one, two = (
        plan_memory(settings, CELLS, [[[core] for core in range(number)]], expected_peak(settings))
        for number in (1, 2)
    )
    assert (one.processes, two.processes) == (7, 14)
    # Libraries are shared.
    assert one.needed < two.needed < 2 * one.needed


def test_nothing_to_measure_takes_nothing() -> None:
    assert plan_memory(load({}), [], [[[0]]], GIB).processes == 0


def test_loading_for_the_proofs_and_the_search_for_a_layout_are_counted() -> None:
    settings = load({})
    same = [PlannedCell("fp32", isa, None) for isa in ("AVX512_CORE", "AVX512_CORE_VNNI")]
    loading = plan_memory(settings, [*same, *same], [[[0, 1, 2, 3]]], GIB)
    assert loading.processes == 4
    searching = plan_memory(settings, same[:1], [[[0, 1]], [[0], [1]]], GIB)
    assert searching.processes == 4


@pytest.mark.parametrize(("gib", "tried"), [(64.0, [1, 2, 4]), (30.0, [1, 2]), (12.0, [1])])
def test_layouts_that_do_not_fit_are_not_tried(
    gib: float, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert layouts(monkeypatch, gib, "auto") == tried


@pytest.mark.parametrize("instances", ["auto", "1"])
def test_a_run_that_fits_in_no_layout_is_refused(
    instances: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HostError, match=r"7 processes need about 10\.8 GiB of memory, and 6\.0 "):
        layouts(monkeypatch, 6.0, instances)


@pytest.mark.parametrize(
    ("gib", "remedy"),
    [
        (
            9.0,
            "VGG19_PRECISIONS=fp32,int8 with "
            "VGG19_ISAS=AVX512_CORE,AVX512_CORE_VNNI,AVX512_CORE_AMX would fit",
        ),
        (
            5.5,
            "VGG19_PRECISIONS=fp32,int8 with VGG19_ISAS=AVX512_CORE_AMX would fit",
        ),
        (3.5, "VGG19_PRECISIONS=fp32 with VGG19_ISAS=AVX512_CORE,AVX512_CORE_VNNI,"),
        (2.0, "not even one cell would fit"),
    ],
)
def test_what_would_fit_keeps_both_models_and_amx_and_fits(gib: float, remedy: str) -> None:
    settings, left = load({}), round(gib * GIB)
    assert what_fits(settings, CELLS, [[0]], GIB * 3 // 2, left).startswith(remedy)


def test_of_several_instances_fewer_are_named_first() -> None:
    placement = [[core] for core in range(4)]
    fits = what_fits(load({}), CELLS, placement, GIB * 3 // 2, 25 * GIB)
    assert fits == "VGG19_NUM_INSTANCES=2 would fit"
    fits = what_fits(load({}), CELLS, placement, GIB * 3 // 2, 9 * GIB)
    assert fits.endswith(" with VGG19_NUM_INSTANCES=1 would fit")


@pytest.mark.parametrize(
    ("batch", "gib", "remedy"),
    [
        ("64", 4.0, "give a smaller batch_size, or take more memory"),
        ("64", 2.0, "take more memory"),
        ("8", 2.0, "take more memory"),
    ],
)
def test_a_smaller_batch_is_asked_for_only_if_it_helps(batch: str, gib: float, remedy: str) -> None:
    settings = load({"VGG19_BATCH_SIZE": batch})
    fits = what_fits(settings, CELLS, [[0]], expected_peak(settings), round(gib * GIB))
    assert fits == f"not even one cell would fit: {remedy}"
