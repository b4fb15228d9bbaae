"""What is measured, on which cores and in which batches."""

from dataclasses import dataclass

from stages.isa import ISA_NAMES, LADDER
from stages.precisions import PRECISION_NAMES, PRECISIONS
from stages.setting import ranges, values
from stages.setting.of_quantizing import OfQuantizing
from stages.setting.programs import DOCTOR, EXTRAS, REHEARSE, SWEEP
from stages.setting.spec import Spec, choices, cpus, setting, sizes, switch, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCells(OfQuantizing):
    """Settings of the cells, their cores and batches."""

    precisions: tuple[str, ...] = choices(
        PRECISION_NAMES,
        {precision.name: precision.meaning for precision in PRECISIONS},
        "precisions to measure; rehearse takes those that AMX multiplies in",
        "profile",
        DOCTOR,
        REHEARSE,
        SWEEP,
    )
    isas: tuple[str, ...] = choices(
        ISA_NAMES,
        {isa.name: isa.meaning for isa in LADDER},
        "instruction sets to cap oneDNN at (ONEDNN_MAX_CPU_ISA); a cap also allows those before "
        "it; sweep takes the highest of them that a precision has kernels of its own at",
        "profile",
        DOCTOR,
        SWEEP,
    )
    all_cells: bool = switch(
        "also measure what runs the same kernels as at a lower cap, and BF16 that is emulated",
        "profile",
        DOCTOR,
    )
    cores: str = cpus(
        "cores to pin to, taken in the order of their numbers, however they are given; if not "
        "given, one per physical core",
        "quantize",
        "profile",
        *EXTRAS,
    )
    num_instances: int | str = setting(
        1,
        Spec(
            "processes that share the offline work, each with cores of its own; 1: one on all "
            "cores; auto tries which split of the cores is the fastest",
            ("profile", DOCTOR),
            values.read_instances,
            lambda value: (
                value == values.AUTO or (isinstance(value, int) and value in ranges.INSTANCES)
            ),
            f"{values.AUTO}, or a whole number {ranges.INSTANCES} ({ranges.INSTANCES.reason})",
        ),
    )
    cores_per_instance: int = whole(
        0, ranges.CORES, "cores of each process; 0: all, in equal parts", "profile", DOCTOR
    )
    layouts: tuple[int, ...] = sizes(
        (),
        ranges.INSTANCES,
        "numbers of processes that sweep divides the cores among, each in turn; if not given, "
        "those that num_instances=auto tries",
        SWEEP,
    )
