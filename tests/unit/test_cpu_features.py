"""A CPU that can't have the flags it shows: none of its figures passes for a measurement."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import read_record, write_record
from stages.common.host.facts import require_consistent
from stages.doctor.checks import NO, check_host
from stages.errors import HostError, InputCorruptError
from stages.isa import AMX, LADDER
from stages.records.cpu_features import contradiction
from stages.records.profile import ProfileRecord
from tests.unit.records import HOST, measured, profile, repeat

FLAGS = sorted(flag for isa in LADDER for flag in isa.flags)
EMULATED = replace(HOST, cpu_model="AMD EPYC", cpu_flags=FLAGS)
XEON = replace(HOST, cpu_model="Intel(R) Xeon(R) Platinum 8480+", cpu_flags=FLAGS)

WITHOUT_AMX = (
    "AMD EPYC 9354 32-Core Processor",
    "AMD EPYC",
    "AMD Ryzen 9 7950X 16-Core Processor",
    "Hygon C86 7285 32-core Processor",
    "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz",
    "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
    "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz",
    "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz",
    "Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz",
    "Intel(R) Xeon(R) E-2388G CPU @ 3.20GHz",
    "Intel(R) Xeon(R) D-2796NT CPU @ 2.00GHz",
    "Intel(R) Xeon(R) W-3375 CPU @ 2.50GHz",
    "Intel(R) Xeon(R) CPU           X5650  @ 2.67GHz",
    "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz",
    "Intel(R) Core(TM) i9-12900K",
    "Intel(R) Pentium(R) Gold 7505",
)
WITH_AMX = (
    "Intel(R) Xeon(R) Platinum 8480+",
    "Intel(R) Xeon(R) Platinum 8488C",
    "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
    "Intel(R) Xeon(R) Gold 5418Y",
    "Intel(R) Xeon(R) Silver 4410Y",
    "INTEL(R) XEON(R) PLATINUM 8592+",
    "INTEL(R) XEON(R) GOLD 6530",
    "Intel(R) Xeon(R) w9-3495X",
    "Intel(R) Xeon(R) CPU Max 9480",
    "Intel(R) Xeon(R) 6980P",
    "Intel(R) Xeon(R) 6787P",
)
# What hypervisors call a CPU says nothing of it.
UNKNOWN = ("Intel Xeon Processor (Icelake)", "Intel(R) Xeon(R) CPU @ 2.00GHz", "unknown", "A CPU")


@pytest.mark.parametrize("name", WITHOUT_AMX)
def test_amx_on_a_cpu_that_has_none_is_a_contradiction(name: str) -> None:
    assert "has no AMX, but the flags amx_bf16 amx_int8 amx_tile" in contradiction(name, FLAGS)
    assert contradiction(name, ["avx512_vnni"]) == ""


@pytest.mark.parametrize("name", [*WITH_AMX, *UNKNOWN])
def test_a_cpu_that_has_it_or_whose_name_says_nothing_is_believed(name: str) -> None:
    assert contradiction(name, FLAGS) == ""


def test_nothing_is_measured_on_a_cpu_that_is_emulated() -> None:
    with pytest.raises(HostError, match=r"AMD EPYC has no AMX, .*unload the emulator"):
        require_consistent(EMULATED)
    require_consistent(XEON)


def test_the_doctor_says_so() -> None:
    (check,) = (check for check in check_host(EMULATED) if check.name == "CPU flags")
    assert check.state == NO
    assert "nothing measured here counts" in check.evidence
    assert not [check for check in check_host(XEON) if check.name == "CPU flags"]


def test_no_stage_reads_a_measurement_of_such_a_cpu(tmp_path: Path) -> None:
    cells = (measured("int8", "AVX2", 1.0), measured("int8", AMX, 9.0))
    path = tmp_path / "measurements.json"
    record = replace(profile(*cells, host=XEON), repeat=repeat())
    write_record(path, record)
    read_record(path, ProfileRecord)
    write_record(path, replace(record, host=EMULATED))
    with pytest.raises(InputCorruptError, match=r"AMD EPYC has no AMX.*at `\$\.host`"):
        read_record(path, ProfileRecord)


def test_nor_one_at_amx_of_a_cpu_that_does_not_show_it(tmp_path: Path) -> None:
    cells = (measured("int8", "AVX2", 1.0), measured("int8", AMX, 9.0))
    path = tmp_path / "measurements.json"
    record = replace(profile(*cells, host=replace(XEON, cpu_flags=["avx2"])))
    write_record(path, record)
    with pytest.raises(InputCorruptError, match="for which the CPU lacks flags"):
        read_record(path, ProfileRecord)
