"""The program: where it does nothing, what it refuses, and what it hands over."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.common.entries import Entry
from stages.common.host import memory
from stages.errors import (
    HostError,
    InputMissingError,
    ModelError,
    ProofError,
    SettingsError,
    StageError,
    WorkerError,
    exit_code_of,
)
from stages.files.checksums import sha256
from stages.folder.handover import handing_over
from stages.isa import LADDER
from stages.records.base import Host
from stages.records.quantize import Variant
from stages.records.rehearse import EMULATOR_VERSION, REHEARSED, Emulator, RehearsalRecord
from stages.rehearse import __main__ as rehearse
from stages.rehearse import origins, run
from stages.rehearse.plan import Plan, make_plan
from stages.samples import Samples
from stages.stage_folders import QuantizeFolder
from tests.unit.records import HOST, SHA256, quantize, train
from tests.unit.rehearse.recordings import RecordedWorker

ALL = frozenset(flag for isa in LADDER for flag in isa.flags)
WITHOUT_AMX = ALL - {*LADDER[-1].flags}
LABELS = np.array([0, 1] * 5)
VARIANTS = (
    Variant(precision="fp32", model="train/model_keras.fp32"),
    Variant(precision="bf16", missing="left out by no_bf16"),
    Variant(precision="int8", model="quantize/model_pb.int8"),
    Variant(precision="int8_bf16", missing="every op that multiplies is in INT8"),
)


class Prepared:
    """A machine and artifacts on which the program runs, by workers that were recorded."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.artifacts, self._patch = Artifacts(root / "artifacts"), patch
        self.on_cpu(WITHOUT_AMX)
        (root / "lib.so").touch()
        emulator = Emulator(version=EMULATOR_VERSION, sha256=sha256(root / "lib.so"))
        patch.setattr(rehearse, "require_usable", lambda path: emulator)
        patch.setattr(rehearse, "choose_cores", lambda asked: [0])
        patch.setattr(rehearse, "describe_host", lambda cores: HOST)
        # As a recorded worker has none.
        patch.setattr(origins, "versions_in_each", lambda pythons: {})
        patch.setattr(rehearse, "rehearse", partial(run.rehearse, start=RecordedWorker))
        patch.delenv("LD_PRELOAD", raising=False)
        patch.setenv("VGG19_EMULATOR", str(root / "lib.so"))
        (root / "locks").mkdir()
        patch.setenv("VGG19_LOCKS", str(root / "locks"))
        patch.setenv("VGG19_ARTIFACTS", str(self.artifacts.root))
        patch.setenv("VGG19_ITEX_PYTHON", sys.executable)

    def on_cpu(self, flags: frozenset[str]) -> None:
        self._patch.setattr(rehearse, "cpu_flags", lambda: flags)

    def make_inputs(self) -> None:
        with handing_over(self.artifacts.train.path) as partial:
            write_record(partial / "train.json", train())
            images = np.zeros((len(LABELS), 224, 224, 3), np.uint8)
            Samples(images, LABELS).save(partial / "data" / "test.npz")
        train_sha256 = verify(self.artifacts.train.path)
        with handing_over(self.artifacts.quantize("itex").path) as partial:
            record = quantize(*VARIANTS, runtime="itex", train_sha256=train_sha256)
            write_record(QuantizeFolder(partial).record, record)

    def run(self, *arguments: str) -> int:
        self._patch.setattr(sys, "argv", ["rehearse", *arguments])
        return exit_code_of("rehearse", rehearse.main)


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    return Prepared(tmp_path, monkeypatch)


def test_with_real_amx_it_has_nothing_to_do_and_leaves_nothing(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared.on_cpu(ALL)
    monkeypatch.setattr(rehearse, "has_amx", lambda flags: True)
    assert prepared.run() == 0
    assert "nothing needs rehearsing" in capsys.readouterr().out
    assert not prepared.artifacts.root.exists()


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (WITHOUT_AMX - {"avx512_vnni"}, HostError.exit_code, "has no avx512_vnni"),
        (frozenset({"avx2"}), HostError.exit_code, "without which AMX can't be emulated"),
    ],
)
def test_a_cpu_that_can_not_is_refused_in_one_line(
    prepared: Prepared,
    capsys: pytest.CaptureFixture[str],
    flags: frozenset[str],
    code: int,
    words: str,
) -> None:
    prepared.on_cpu(flags)
    assert prepared.run() == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_an_emulator_of_the_caller_is_refused(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD", "/opt/amxemu/libamxemu.so")
    assert prepared.run() == SettingsError.exit_code


def test_before_the_pipeline_it_says_what_to_run(
    prepared: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared.run() == InputMissingError.exit_code
    assert "run the train stage first" in capsys.readouterr().err


@pytest.fixture
def for_two_images(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """The recordings answer for two images, a batch of which is as one of eight."""
    prepared.make_inputs()
    monkeypatch.setenv("VGG19_REHEARSE_SAMPLES", "2")
    monkeypatch.setenv("VGG19_BATCH_SIZE", "2")
    return prepared


def test_a_rehearsal_is_whole(for_two_images: Prepared, capsys: pytest.CaptureFixture[str]) -> None:
    assert for_two_images.run() == 0
    artifacts = for_two_images.artifacts
    folder, quantized = artifacts.rehearse, artifacts.quantize("itex")
    verify(folder.path)
    record = read_record(folder.record, RehearsalRecord)
    assert [cell.precision for cell in record.cells] == ["bf16", "int8"]
    assert (len(record.labels), record.test_images) == (2, 10)
    assert record.quantize_sha256 == {"itex": verify(quantized.path)}
    assert len(list(folder.proof.iterdir())) == 4
    text = capsys.readouterr().out
    place = f"rehearse: its table and logs are in {folder.path}\n"
    assert text.endswith(folder.log.read_text() + place)
    assert f"itex int8 {REHEARSED}: 16 of 16 convolutions and 0 of 1 matmul on AMX" in text


def test_what_is_left_out_has_its_reason(for_two_images: Prepared) -> None:
    assert for_two_images.run("--precisions=int8,int8_bf16") == 0
    record = read_record(for_two_images.artifacts.rehearse.record, RehearsalRecord)
    assert [cell.precision for cell in record.cells] == ["int8"]
    reasons = {(cell.runtime, cell.precision): cell.reason for cell in record.left_out}
    assert ("itex", "bf16") not in reasons
    assert reasons["itex", "int8_bf16"] == "every op that multiplies is in INT8"
    assert "run the quantize stage with runtime stock" in reasons["stock", "int8"]


def test_nothing_left_is_refused(for_two_images: Prepared) -> None:
    assert for_two_images.run("--precisions=fp32") == InputMissingError.exit_code


def test_a_batch_larger_than_the_images_is_refused(
    for_two_images: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    assert for_two_images.run("--batch-size=4") == SettingsError.exit_code
    larger = ", or a larger rehearse_samples"
    assert f"exceeds the 2 images to rehearse with; give less{larger}\n" in capsys.readouterr().err
    # There are no more test images than these.
    assert for_two_images.run("--batch-size=400", "--rehearse-samples=0") == SettingsError.exit_code
    assert "images to rehearse with; give less\n" in capsys.readouterr().err


def test_memory_is_checked_first(for_two_images: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: memory.GIB)
    assert for_two_images.run() == HostError.exit_code
    assert not for_two_images.artifacts.rehearse.path.exists()


def test_a_peer_without_memory_costs_none_of_ours(
    for_two_images: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise HostError("running openvino_int8 was killed at its memory limit")

    def plan(*given: Any) -> Plan:
        return replace(make_plan(*given), peers=[Entry("openvino", "int8")])

    monkeypatch.setattr(rehearse, "rehearse_peer", fail)
    monkeypatch.setattr(rehearse, "make_plan", plan)
    assert for_two_images.run() == 0
    record = read_record(for_two_images.artifacts.rehearse.record, RehearsalRecord)
    assert record.left_out[-1].reason == "running openvino_int8 was killed at its memory limit"
    assert len(record.cells) > 0


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (WorkerError("openvino int8 took over 900 s", may_pass=True), True),
        (WorkerError("openvino int8 was ended by SIGSEGV"), False),
        (HostError("running openvino_int8 was killed at its memory limit"), True),
        (ModelError("the model of openvino int8 has 3 classes, not 2"), False),
    ],
)
def test_a_peer_is_tried_again_if_it_failed_for_what_may_be_gone(
    for_two_images: Prepared,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: StageError,
    again: bool,
) -> None:
    tried = []

    def fail(*_: object) -> None:
        tried.append(error)
        raise error

    def plan(*given: Any) -> Plan:
        return replace(make_plan(*given), peers=[Entry("openvino", "int8")], peers_sha256=SHA256)

    monkeypatch.setattr(rehearse, "rehearse_peer", fail)
    monkeypatch.setattr(rehearse, "make_plan", plan)
    assert [for_two_images.run(), for_two_images.run("--worker-timeout-s=3000")] == [0, 0]
    assert len(tried) == (2 if again else 1)
    shown = capsys.readouterr().out
    assert ("rehearse: runs again: openvino int8 failed\n" in shown) == again


def test_an_emulator_that_is_changed_meanwhile_proves_nothing(
    for_two_images: Prepared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Emulator(version=EMULATOR_VERSION, sha256="1" * 64)
    monkeypatch.setattr(rehearse, "require_usable", lambda path: other)
    assert for_two_images.run() == ProofError.exit_code
    assert "was changed while it was used; rehearse again" in capsys.readouterr().err
    assert not for_two_images.artifacts.rehearse.path.exists()


def test_a_second_rehearsal_shows_the_first_one(
    for_two_images: Prepared, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert for_two_images.run() == 0
    folder = for_two_images.artifacts.rehearse
    before = verify(folder.path)
    capsys.readouterr()
    monkeypatch.setattr(rehearse, "rehearse", None)
    assert for_two_images.run() == 0
    shown = capsys.readouterr().out
    assert shown.startswith("rehearse: current, made 20")
    assert folder.log.read_text() in shown
    assert verify(folder.path) == before


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--precisions=int8"], HOST, "precisions is int8, was fp32,bf16,int8,int8_bf16"),
        (["--force=rehearse"], HOST, "it is forced"),
        ([], replace(HOST, cpu_model="Another CPU"), "CPU is Another CPU, was A CPU"),
    ],
)
def test_what_has_changed_is_rehearsed_again(
    for_two_images: Prepared,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    host: Host,
    words: str,
) -> None:
    assert for_two_images.run() == 0
    monkeypatch.setattr(rehearse, "describe_host", lambda cores: host)
    assert for_two_images.run(*arguments) == 0
    assert f"rehearse: runs again: {words}\n" in capsys.readouterr().out


def test_another_kernel_is_no_reason_to_rehearse_again(
    for_two_images: Prepared, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert for_two_images.run() == 0
    monkeypatch.setattr(rehearse, "describe_host", lambda cores: replace(HOST, kernel="6.2"))
    assert for_two_images.run() == 0
    assert "rehearse: current, made 20" in capsys.readouterr().out


def test_forced_it_leaves_every_byte_if_it_comes_out_as_before(for_two_images: Prepared) -> None:
    assert for_two_images.run() == 0
    before = verify(for_two_images.artifacts.rehearse.path)
    assert for_two_images.run("--force=rehearse") == 0
    assert verify(for_two_images.artifacts.rehearse.path) == before
