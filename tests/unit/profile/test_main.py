"""The stage as a whole, from the folders before it to its own, with a stand-in for the worker."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.common.text import when
from stages.errors import (
    HostError,
    InputMissingError,
    InputStaleError,
    NotTrustedError,
    NotWritableError,
    SettingsError,
)
from stages.folder.handover import handing_over
from stages.folder.usable import prepare
from stages.profile.__main__ import COMPARED, main
from stages.records.profile import ProfileRecord
from stages.samples import Samples
from stages.stage_folders import QuantizeFolder, TrainFolder
from tests.unit.profile.stand_in import StandIn, quiet_machine
from tests.unit.records import HOST, quantize, train, variant
from tests.unit.times import TIME


@pytest.fixture
def artifacts(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Artifacts:
    """What train and quantize left for runtime stock, on a host that ends at AVX2."""
    monkeypatch.setenv("VGG19_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("VGG19_LOCKS", str(tmp_path_factory.mktemp("locks")))
    monkeypatch.setenv("VGG19_BATCH_SIZE", "2")
    monkeypatch.setattr("stages.profile.cell_workers.WorkerProcess", StandIn)
    monkeypatch.setattr("stages.profile.__main__.choose_cores", lambda _: [0])
    monkeypatch.setattr("stages.profile.__main__.cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr("stages.common.host.others.look", lambda *_: (0.0, 0.0))
    quiet_machine(monkeypatch)
    StandIn.reset()
    artifacts = Artifacts(tmp_path)
    make_train(artifacts)
    make_quantize(artifacts, "stock")
    return artifacts


def make_quantize(artifacts: Artifacts, runtime: str) -> None:
    with handing_over(artifacts.quantize(runtime).path) as partial:
        record = quantize(
            variant("int8_bf16", missing="left out"),
            runtime=runtime,
            train_sha256=verify(artifacts.train.path),
        )
        write_record(QuantizeFolder(partial).record, record)


def make_train(artifacts: Artifacts, shade: int = 0) -> None:
    with handing_over(artifacts.train.path) as partial:
        write_record(TrainFolder(partial).record, train())
        images = np.full((3, 224, 224, 3), shade, np.uint8)
        Samples(images, np.array([1, 1, 0])).save(TrainFolder(partial).test)


def profile(monkeypatch: pytest.MonkeyPatch, *arguments: str, runtime: str = "stock") -> None:
    monkeypatch.setattr("sys.argv", ["profile", "--runtime", runtime, *arguments])
    main()


def test_it_leaves_a_folder_of_its_runtime(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile(monkeypatch, "--isas", "AVX2,AVX512_CORE", "--precisions", "int8,int8_bf16")
    folder = artifacts.profile("stock")
    verify(folder.path)
    record = read_record(folder.record, ProfileRecord)
    assert record.runtime == "stock"
    assert record.train_sha256 == verify(artifacts.train.path)
    assert record.quantize_sha256 == verify(artifacts.quantize("stock").path)
    assert {cell.impossible for cell in record.cells if cell.precision == "int8_bf16"} == {
        "left out"
    }
    assert (folder.proof / "int8_AVX2.log").is_file()
    assert not artifacts.profile("itex").path.exists()
    assert capsys.readouterr().out.endswith(
        f"profile: 1 cell; measured {when(record.maker.made)}\n"
    )


def test_nothing_is_measured_on_a_cpu_that_can_not_have_its_flags(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated = replace(HOST, cpu_model="AMD EPYC", cpu_flags=["amx_tile", "avx2"])
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: emulated)
    with pytest.raises(HostError, match="AMD EPYC has no AMX"):
        profile(monkeypatch, "--isas", "AVX2", "--precisions", "int8")
    assert not artifacts.profile("stock").path.exists()


def test_a_stage_that_has_not_run_is_named_with_its_runtime(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputMissingError, match="run the quantize stage first"):
        profile(monkeypatch, runtime="itex")


def test_a_model_quantized_from_another_is_refused(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_train(artifacts, shade=1)
    with pytest.raises(InputStaleError, match="run the quantize stage with runtime stock again"):
        profile(monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "4"], "exceeds the 3 test images"),
        (["--precisions", "int8_bf16"], r"no cell can run here \(left out\)"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_measured(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        profile(monkeypatch, *arguments)
    assert StandIn.asked == []
    assert not artifacts.profile("stock").path.exists()


@pytest.mark.parametrize("precisions", ["fp32", "int8_bf16,fp32"])
def test_an_instruction_set_that_the_machine_lacks_is_no_wrong_setting(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, precisions: str
) -> None:
    with pytest.raises(HostError, match=r"no cell can run here .*avx512f.*; ask for other isas"):
        profile(monkeypatch, "--isas", "AVX512_CORE", "--precisions", precisions)
    assert StandIn.asked == []


def test_a_history_that_can_not_be_written_is_refused_before_anything_is_measured(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = artifacts.history_of("stock")
    prepare(artifacts.root)
    place.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda path, _: path != place)
    with pytest.raises(NotWritableError, match=f"{place} can't be"):
        profile(monkeypatch, "--isas", "AVX2", "--precisions", "int8")
    assert StandIn.asked == []
    profile(monkeypatch, "--isas", "AVX2", "--precisions", "int8", "--history", "0")


def test_what_does_not_fit_into_memory_is_refused_before_the_first_proof(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.common.host.memory.available", lambda *_: 2**31)
    with pytest.raises(HostError, match=r"3 processes need about 3\.4 .* and 2\.0 are available"):
        profile(monkeypatch, "--isas", "AVX2", "--precisions", "fp32,int8")
    assert StandIn.started == 0


def test_layouts_that_memory_forbids_are_not_tried_which_is_said(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stages.profile.__main__.choose_cores", lambda _: [0, 1])
    monkeypatch.setattr("stages.common.host.memory.available", lambda *_: 2**32)
    profile(monkeypatch, "--isas", "AVX2", "--precisions", "int8", "--num-instances", "auto")
    record = read_record(artifacts.profile("stock").record, ProfileRecord)
    assert (record.layout.num_instances, record.tried) == (1, [])
    shown = capsys.readouterr().out
    assert (
        "profile: layouts of more instances than 1 are not tried, as memory holds none\n" in shown
    )


SMALL = ("--isas", "AVX2", "--precisions", "int8")


@pytest.fixture
def measured(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """What a first run left, before a second one."""
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    profile(monkeypatch, *SMALL)
    StandIn.reset()
    return artifacts


def test_a_second_run_measures_nothing_and_shows_when_its_figures_are_of(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    folder = measured.profile("stock")
    record = read_record(folder.record, ProfileRecord)
    before = folder.path.stat().st_ino, verify(folder.path), folder.record.stat().st_mtime_ns
    profile(monkeypatch, *SMALL, "--worker-timeout-s", "60")
    assert StandIn.started == 0
    made = when(record.maker.made)
    assert capsys.readouterr().out.splitlines() == [
        f"profile: current, made {made}; nothing to do (--force profile makes it again)",
        f"profile: 1 cell; measured {made}",
    ]
    after = folder.path.stat().st_ino, verify(folder.path), folder.record.stat().st_mtime_ns
    assert after == before


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--round-queries", "20"], {}, "round_queries is 20, was 11"),
        (["--strict"], {}, "strict is on, was off"),
        (["--num-instances", "auto"], {}, "num_instances is auto, was 1"),
        ([], {"kernel": "6.2"}, "kernel is 6.2, was 6.1"),
        ([], {"cores_pinned": [0]}, "cores is 0, was 0,1"),
        ([], {"cpu_flags": ["avx2", *map(str, range(99))]}, "CPU flags changed"),
        (["--force", "train,profile"], {}, "it is forced"),
    ],
)
def test_what_has_changed_makes_it_measure_again_which_is_said(
    measured: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    monkeypatch.setattr(
        "stages.profile.__main__.describe_host", lambda cores: replace(HOST, **host)
    )
    profile(monkeypatch, *SMALL, *arguments)
    assert StandIn.started > 0
    assert f"profile: runs again: {words}\n" in capsys.readouterr().out


@pytest.mark.parametrize(("rounds", "again"), [("2", False), ("0", True)])
def test_what_is_not_to_be_trusted_is_measured_again_unless_it_was_asked_for_so(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, rounds: str, again: bool
) -> None:
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda cores: HOST)
    monkeypatch.setenv(COMPARED, "1")
    # With no number of rounds, as many are taken as there is time for: one.
    arguments = (*SMALL, "--rounds", rounds, "--time-budget", "1")
    monkeypatch.setattr("stages.profile.until_sure.Budget.allows", lambda *_: False)
    profile(monkeypatch, *arguments)
    StandIn.reset()
    profile(monkeypatch, *arguments)
    assert bool(StandIn.started) == again


def test_an_edited_figure_is_measured_again(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = measured.profile("stock").record
    record.write_text(record.read_text().replace('"rate_per_s": 4.0', '"rate_per_s": 4000.0'))
    profile(monkeypatch, *SMALL)
    assert "measurements.json is missing or differs from SHA256SUMS\n" in capsys.readouterr().out
    assert StandIn.started > 0
    assert "4000.0" not in record.read_text()


def test_what_was_trained_again_otherwise_is_no_key_to_the_old_figures(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_train(measured, shade=1)
    make_quantize(measured, "stock")
    profile(monkeypatch, *SMALL)
    assert "what train left changed; what quantize left changed\n" in capsys.readouterr().out


def test_each_runtime_has_a_measurement_of_its_own(
    measured: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_quantize(measured, "itex")
    stock = verify(measured.profile("stock").path)
    profile(monkeypatch, *SMALL, runtime="itex")
    assert StandIn.started > 0
    StandIn.reset()
    for runtime in ("itex", "stock"):
        profile(monkeypatch, *SMALL, runtime=runtime)
    assert StandIn.started == 0
    assert verify(measured.profile("stock").path) == stock


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((0.0, 0.04), ""),
        ((0.0, 0.48), "profile: other processes take 48% of the cores at the moment"),
        ((0.09, 0.0), "profile: the hypervisor takes 9% of the cores at the moment"),
    ],
)
def test_who_else_is_there_is_said_before_it_takes_long(
    artifacts: Artifacts,
    shares: tuple[float, float],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("stages.common.host.others.look", lambda *_: shares)
    profile(monkeypatch, "--precisions=int8", "--isas=AVX2")
    before = re.split(rf"{TIME}\[profile 1/", capsys.readouterr().out)[0]
    assert said in before
    assert bool(before) == bool(said)


def test_a_quota_below_the_cores_is_refused_before_anything_runs(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = replace(HOST, cores_pinned=[0, 1], cpu_quota=1.5)
    monkeypatch.setattr("stages.profile.__main__.describe_host", lambda _: host)
    with pytest.raises(HostError, match=r"CPU quota of 1\.5 CPUs for 2 cores; raise the quota, or"):
        profile(monkeypatch)
    assert StandIn.started == 0


@pytest.mark.parametrize("followed", ["", "1"])
def test_a_run_that_is_not_to_be_trusted_is_handed_over_and_ends_with_a_code_unless_compare_follows(
    artifacts: Artifacts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    followed: str,
) -> None:
    monkeypatch.setenv(COMPARED, followed)
    arguments = ("--isas", "AVX2", "--precisions", "int8", "--rounds", "2")
    if followed:
        profile(monkeypatch, *arguments)
    else:
        with pytest.raises(NotTrustedError, match="trusted: 2 rounds are too few to estimate"):
            profile(monkeypatch, *arguments)
    verify(artifacts.profile("stock").path)
    assert capsys.readouterr().out.endswith("; THIS RUN IS NOT TO BE TRUSTED\n")
