"""Which generation a CPU is of, where its name says no more than Xeon."""

from dataclasses import replace

import pytest

from stages.common.text import origins
from stages.records.base import Source
from stages.records.cpu_features import contradiction
from stages.records.cpu_generations import cpu_id, full_name, generation_of
from tests.unit.records import HOST

NAME = "Intel(R) Xeon(R) Processor"


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("GenuineIntel-6-85-4", "Skylake"),
        ("GenuineIntel-6-85-7", "Cascade Lake"),
        ("GenuineIntel-6-85-11", "Cooper Lake"),
        ("GenuineIntel-6-106-6", "Ice Lake"),
        ("GenuineIntel-6-143-8", "Sapphire Rapids"),
        ("GenuineIntel-6-207-2", "Emerald Rapids"),
        ("GenuineIntel-6-173-1", "Granite Rapids"),
        ("AuthenticAMD-25-1-1", "Zen 3"),
        ("AuthenticAMD-25-17-1", "Zen 4"),
        ("AuthenticAMD-25-160-2", "Zen 4"),
        ("AuthenticAMD-26-2-1", "Zen 5"),
    ],
)
def test_a_known_cpu_has_the_name_of_its_generation(identity: str, name: str) -> None:
    found = generation_of(identity)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "identity", ["", "GenuineIntel-6-1-1", "GenuineIntel-15-143-8", "AuthenticAMD-6-143-8", "x"]
)
def test_others_have_none(identity: str) -> None:
    assert generation_of(identity) is None
    assert full_name(NAME, identity) == NAME


def test_what_cpuinfo_does_not_show_is_no_identity() -> None:
    assert cpu_id("GenuineIntel", "6", "207", "2") == "GenuineIntel-6-207-2"
    assert cpu_id("GenuineIntel", "6", "", "2") == ""
    assert cpu_id("\x1b[31m", "6", "207", "2") == ""


def test_the_head_of_a_result_names_the_generation() -> None:
    host = replace(HOST, cpu_model=NAME, cpu_id="GenuineIntel-6-207-2")
    source = Source(name="embedded", sha256="0" * 64, origin="drawn")
    assert f"{NAME} (Emerald Rapids)" in origins(host, source, source)[0]


@pytest.mark.parametrize(
    ("identity", "refused"),
    [
        ("GenuineIntel-6-106-6", True),
        ("AuthenticAMD-26-2-1", True),
        ("GenuineIntel-6-143-8", False),
        ("GenuineIntel-6-173-1", False),
        ("GenuineIntel-6-250-1", False),
        ("", False),
    ],
)
def test_amx_is_believed_where_the_generation_can_have_it(identity: str, *, refused: bool) -> None:
    assert bool(contradiction(NAME, ["amx_tile", "avx2"], identity)) is refused
    assert contradiction(NAME, ["avx2"], identity) == ""
