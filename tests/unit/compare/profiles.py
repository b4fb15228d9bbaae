"""Profiles for tests of compare."""

from dataclasses import replace

from stages.common.summaries import summaries
from stages.compare.inputs import RuntimeProfile
from stages.records.base import Setting
from stages.records.cell import Cell, Reason
from stages.records.profile import ProfileRecord
from tests.unit.records import measured, measurement, profile, repeat, run

DRIFTED = Reason(kind="drift", scenario="offline", numbers={"drift": -0.1})
DRIFTED_LATENCY = replace(DRIFTED, scenario="single_stream")
UNEQUAL = Reason(kind="other_classes")


def profiled(*records: ProfileRecord) -> list[RuntimeProfile]:
    """Return the records as compare reads them."""
    return [
        RuntimeProfile(record, f"sum of {record.runtime}", summaries(record)) for record in records
    ]


def impossible(precision: str, isa: str, reason: str) -> Cell:
    """Return a cell that could not run."""
    return Cell(precision=precision, requested_isa=isa, impossible=reason)


def both_runtimes() -> list[RuntimeProfile]:
    """Return the profiles of two runtimes, of which stock is the slower."""
    return profiled(
        profile(
            impossible("bf16", "AVX512_CORE", "left out"),
            measured("fp32", "AVX512_CORE", 5.0),
            measured("int8", "AVX512_CORE", 20.0, top1=0.5),
            impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag"),
        ),
        profile(
            measured("fp32", "AVX512_CORE", 4.0),
            measured("int8", "AVX512_CORE", 10.0),
            impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag"),
            runtime="stock",
        ),
    )


def of_one_round() -> list[RuntimeProfile]:
    """Return a profile in which each cell was timed once, so that its figures have no interval."""
    return of_few_rounds(1)


def of_few_rounds(rounds: int) -> list[RuntimeProfile]:
    """Return a profile of too few rounds for intervals; of one, its figures have none."""
    few = Reason(kind="few_rounds", numbers={"rounds": rounds})
    cells = [measured("fp32", "AVX512_CORE", 5.0), measured("int8", "AVX512_CORE", 20.0)]
    return profiled(replace(profile(*cells), repeat=repeat(trusted=False, reasons=[few])))


def in_groups() -> list[RuntimeProfile]:
    """Return a profile whose INT8, the cell measured twice, was in a round that FP32 was not in."""
    cells = [measured("fp32", "AVX2", 5.8), measured("int8", "AVX2", 5.9)]
    both = measurement(5.9)
    offline = replace(both.offline, runs=[*both.offline.runs, run(2.9, 3)])
    cells[1] = replace(cells[1], measurement=replace(both, offline=offline))
    return profiled(profile(*cells))


def with_goal(goal: float) -> ProfileRecord:
    """Return a profile that was to know its ratios to a fraction, of rates that differ by 2%."""
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0)]
    made = measurement(20.0)
    runs = [run(20.0 + 0.4 * (number % 2), number) for number in (1, 2)]
    wide = replace(made, offline=replace(made.offline, runs=runs))
    cells[1] = replace(cells[1], measurement=wide)
    record = profile(*cells)
    settings: dict[str, Setting] = {"rounds": 0, "precision_goal": goal}
    return replace(record, maker=replace(record.maker, settings=settings))
