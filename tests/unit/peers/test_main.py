"""The program as a whole, with a stand-in for what is measured."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.common.entries import Entry
from stages.common.host import memory
from stages.common.host.versions import versions
from stages.errors import HostError, ModelError, SettingsError
from stages.folder.handover import handing_over
from stages.peers import __main__ as program
from stages.peers.convert import Conversion
from stages.peers.sizes import choose_sizes
from stages.records.peers import Contender
from stages.records.quantize import Variant
from stages.samples import Samples
from stages.settings import Settings
from stages.stage_folders import PeersFolder, QuantizeFolder
from tests.unit.peers.contenders import measured
from tests.unit.records import HOST, quantize, train

LABELS = np.array([0, 1] * 20)


class Program:
    """What train and quantize left, and how often it was measured."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.artifacts, self.runs, self._patch = Artifacts(root / "artifacts"), 0, patch
        self.busy = 0.0
        patch.setattr(program, "_measure", self._measure)
        patch.setattr("stages.common.host.others.look", lambda *_: (0.0, self.busy))
        patch.setattr(memory, "available", lambda: None)
        patch.setenv("VGG19_ITEX_PYTHON", sys.executable)
        patch.setenv("VGG19_ARTIFACTS", str(self.artifacts.root))
        (root / "locks").mkdir()
        patch.setenv("VGG19_LOCKS", str(root / "locks"))
        with handing_over(self.artifacts.train.path) as partial:
            write_record(partial / "train.json", train())
            images = np.zeros((len(LABELS), 224, 224, 3), np.uint8)
            for name in ("calibration", "test"):
                Samples(images, LABELS).save(partial / "data" / f"{name}.npz")
        self.quantize("itex")
        self.on()

    def quantize(self, runtime: str) -> None:
        model = Variant(precision="fp32", model="train/model_keras.fp32")
        sha256 = verify(self.artifacts.train.path)
        with handing_over(self.artifacts.quantize(runtime).path) as partial:
            record = quantize(model, runtime=runtime, train_sha256=sha256)
            write_record(QuantizeFolder(partial).record, record)

    def on(self, **host: Any) -> None:
        self._patch.setattr(program, "describe_host", lambda cores: replace(HOST, **host))

    def run(self, *arguments: str) -> None:
        self._patch.setattr("sys.argv", ["peers", *arguments])
        program.main()

    def _measure(
        self, settings: Any, train: Any, out: PeersFolder, inputs: Any, conditions: Any
    ) -> list[Contender]:
        self.runs += 1
        own = {entry.backend for entry in inputs.ours.entries if entry.missing is None}
        seconds = {size: [[0.2]] * settings.fixed_rounds for size in conditions.batch_sizes}
        contenders = [measured(name, "fp32", seconds) for name in (*sorted(own), "openvino")]
        return [
            replace(one, versions=versions(), predictions=[0] * len(LABELS)) for one in contenders
        ]


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    made = Program(tmp_path, monkeypatch)
    made.run()
    return made


def test_a_second_run_shows_the_first_one(
    peers: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(peers.artifacts.peers.path)
    capsys.readouterr()
    peers.run()
    assert peers.runs == 1
    assert verify(peers.artifacts.peers.path) == before
    head, _, text = capsys.readouterr().out.partition("\n")
    assert head.startswith("peers: current, made 20")
    assert "\nmeasured  20" in text
    assert text.startswith(peers.artifacts.peers.log.read_text())


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--batch-sizes", "8"], {}, "batch_sizes is 8, was not given"),
        (["--force", "peers"], {}, "it is forced"),
        ([], {"governor": "performance"}, "governor is performance, was unknown"),
    ],
)
def test_what_has_changed_makes_it_measure_again_which_is_said(
    peers: Program,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    peers.on(**host)
    peers.run(*arguments)
    assert peers.runs == 2
    assert f"peers: runs again: {words}\n" in capsys.readouterr().out


def test_it_says_who_else_is_on_the_cores(
    peers: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    peers.busy = 0.4
    peers.run("--force=peers")
    said = "peers: other processes take 40% of the cores at the moment; end them, or turns may be"
    assert said in capsys.readouterr().out


def test_what_does_not_fit_into_memory_is_refused_before_any_model_is_made(
    peers: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: memory.GIB)
    message = (
        r"1 processes need about 1\.8 GiB .* as the peers' come on top, or give smaller batch_"
    )
    with pytest.raises(HostError, match=message):
        peers.run("--force", "peers")
    peers.run()  # which shows what is there
    assert peers.runs == 1


def test_of_the_default_sizes_those_are_taken_for_which_there_are_images(
    peers: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    with handing_over(peers.artifacts.train.path) as partial:
        few = Samples(np.zeros((12, 224, 224, 3), np.uint8), LABELS[:12])
        write_record(partial / "train.json", train())
        for name in ("calibration", "test"):
            few.save(partial / "data" / f"{name}.npz")
    peers.quantize("itex")
    capsys.readouterr()
    peers.run("--calibration-samples", "12")
    said = capsys.readouterr().out
    assert "peers: left out: batch sizes 32: there are 12 test images\n" in said
    assert "images/s at 8" in said
    assert "images/s at 32" not in said
    with pytest.raises(SettingsError, match="batch_sizes 32 exceeds the 12 test images"):
        peers.run("--calibration-samples", "12", "--batch-sizes", "32")


def test_default_sizes_without_room_in_memory_are_left_out_but_for_the_smallest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "available", lambda: memory.least_needed(["fp32"], 8))
    sizes = choose_sizes(Settings(), 100, ["fp32"])
    assert (sizes.taken, sizes.left_out) == ((1, 8), ("batch sizes 32: memory has no room",))
    assert choose_sizes(Settings(batch_sizes=(32,)), 100, ["fp32"]).taken == (32,)
    assert choose_sizes(Settings(), 100, []).taken == (1, 8, 32)
    monkeypatch.setattr(memory, "available", lambda: 0)
    assert choose_sizes(Settings(), 1, ["fp32"]).taken == (1,)


def test_a_peer_that_cant_convert_a_given_model_is_missing_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(conversion: Conversion) -> None:
        raise ModelError("an op is not known")

    monkeypatch.setattr(program, "convert", fail)
    conversion = Conversion(
        peer="openvino", saved_model="", calibration="", calibration_samples=1, folder=""
    )
    entries = [Entry("openvino", "int8"), Entry("onnxruntime", "int8"), Entry("itex", "int8")]
    lacking, *others = program._converted(conversion, entries, may_lack=True)
    assert "its tools can't convert this model" in str(lacking.missing)
    assert others == entries[1:]
    with pytest.raises(ModelError, match="an op is not known"):
        program._converted(conversion, entries, may_lack=False)


def test_another_runtimes_model_is_measured(
    peers: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    peers.quantize("stock")
    peers.run()
    peers.run()
    assert peers.runs == 2
    assert "peers: runs again: what quantize left (stock) changed" in capsys.readouterr().out


def test_a_package_of_another_runtimes_interpreter_counts(
    peers: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {"itex": {**versions(), "numpy": "9.9"}}
    monkeypatch.setattr(program, "versions_in_each", lambda pythons: newer)
    peers.run()
    assert peers.runs == 2
    assert "peers: runs again: numpy of itex is 9.9, was " in capsys.readouterr().out
