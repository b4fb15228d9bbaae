"""Which profiles are compared, and which are refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.common.summaries import summaries
from stages.compare.inputs import read_profiles
from stages.errors import InputCorruptError, InputMissingError, InputStaleError
from stages.folder.handover import handing_over
from stages.records.base import Host
from stages.records.profile import Repeat
from stages.stage_folders import ProfileFolder
from tests.unit.records import HOST, measured, profile, repeat

CELLS = (measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0))


def make(folder: Path, text: str = "content") -> None:
    with handing_over(folder) as partial:
        (partial / f"{folder.name.partition('-')[0]}.json").write_text(text)


def make_profile(
    artifacts: Artifacts, runtime: str, host: Host = HOST, repeated: Repeat | None = None
) -> None:
    """Make a profile with what it is made from; `repeated` is its cell that is measured twice."""
    if not artifacts.train.path.exists():
        make(artifacts.train.path)
    make(artifacts.quantize(runtime).path, runtime)
    record = replace(
        profile(*CELLS, runtime=runtime, host=host),
        train_sha256=verify(artifacts.train.path),
        quantize_sha256=verify(artifacts.quantize(runtime).path),
        repeat=repeated or repeat(),
    )
    fp32, int8 = summaries(record)
    with handing_over(artifacts.profile(runtime).path) as partial:
        write_record(ProfileFolder(partial).record, record)
        write_record(ProfileFolder(partial).summary_fp32, fp32)
        write_record(ProfileFolder(partial).summary_int8, int8)


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path)


@pytest.mark.parametrize("runtimes", [["itex"], ["stock"], ["itex", "stock"]])
def test_those_that_are_there_are_read(artifacts: Artifacts, runtimes: list[str]) -> None:
    for runtime in reversed(runtimes):
        make_profile(artifacts, runtime)
    profiles = read_profiles(artifacts)
    assert [profile.runtime for profile in profiles] == runtimes
    sums = [verify(artifacts.profile(runtime).path) for runtime in runtimes]
    assert [profile.sha256 for profile in profiles] == sums
    assert all(len(profile.summaries) == 2 for profile in profiles)


def test_without_any_the_stage_to_run_is_named(artifacts: Artifacts) -> None:
    with pytest.raises(InputMissingError, match="run the profile stage first"):
        read_profiles(artifacts)


def test_damage_to_either_is_found(artifacts: Artifacts) -> None:
    for runtime in ("itex", "stock"):
        make_profile(artifacts, runtime)
    artifacts.profile("stock").record.write_text("{}")
    with pytest.raises(InputCorruptError, match="run the profile stage with runtime stock again"):
        read_profiles(artifacts)


def test_a_profile_of_another_training_is_refused(artifacts: Artifacts) -> None:
    make_profile(artifacts, "itex")
    make(artifacts.train.path, "another")
    with pytest.raises(InputStaleError, match=r"run the quantize stage again, then the profile"):
        read_profiles(artifacts)


def test_one_that_is_stale_is_left_out_where_another_is_current(
    artifacts: Artifacts, capsys: pytest.CaptureFixture[str]
) -> None:
    for runtime in ("itex", "stock"):
        make_profile(artifacts, runtime)
    make(artifacts.quantize("stock").path, "another")
    assert [profile.runtime for profile in read_profiles(artifacts)] == ["itex"]
    assert "then the profile stage with runtime stock" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(HOST, cpu_model="B CPU"), "with CPU B CPU, .* with A CPU; run the profile stage"),
        (replace(HOST, kernel="6.2"), r"with kernel 6\.2, "),
        (replace(HOST, cores_pinned=[0]), "with cores 0, .* with 0,1; "),
    ],
)
def test_profiles_of_unlike_machines_are_not_compared(
    artifacts: Artifacts, other: Host, message: str
) -> None:
    make_profile(artifacts, "itex")
    make_profile(artifacts, "stock", other)
    with pytest.raises(InputStaleError, match=message) as caught:
        read_profiles(artifacts)
    assert "\n" not in str(caught.value)


def test_other_packages_are_what_is_compared(artifacts: Artifacts) -> None:
    make_profile(artifacts, "itex")
    make_profile(artifacts, "stock", replace(HOST, versions={"python": "3.12"}))
    assert len(read_profiles(artifacts)) == 2
