"""Peers under emulation: what they say of their nodes, beside what the emulator counted."""

import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.common.entries import Entry
from stages.common.rehearsed import peer_finding
from stages.common.worker.protocol import ClassifyAnswer, Ready, Trace, TraceAnswer
from stages.errors import ModelError, ProofError
from stages.isa import AMX
from stages.records.checks import problems
from stages.records.measure import NodeKernel
from stages.records.quantize import Variant
from stages.records.rehearse import REHEARSED, RehearsedPeer, Tiles
from stages.rehearse.peers import NATIVE, rehearse_peer, share_of
from stages.rehearse.rederive import rederived
from stages.rehearse.table import few, render
from stages.rehearse.workers import Conditions
from stages.stage_folders import RehearseFolder
from tests.unit.records import NOT_COUNTED, SHA256, quantize
from tests.unit.rehearse.recordings import BATCH, LABELS, ROWS, conditions, rehearsal
from tests.unit.workers import FakeWorker

# As OpenVINO names them; the second is a node that multiplies nothing.
NODES = (
    ("conv1", "Convolution", "brgconv_avx512_amx_I8", "u8"),
    ("pool1", "Pooling", "jit_avx512_I8", "u8"),
    ("conv2", "Convolution", "jit_avx512_dw_I8", "u8"),
    ("head", "FullyConnected", "brgemm_avx512_amx_I8", "u8"),
)
PRODUCTS, MACS_OF_A_PRODUCT = 1000, 16 * 16 * 64


def kernels(nodes: Any) -> list[NodeKernel]:
    keys = ("name", "kind", "kernel", "data_type")
    return [NodeKernel(**dict(zip(keys, node, strict=True))) for node in nodes]


class Peer(FakeWorker):
    """A worker that names its nodes, and whose emulator counts some products of INT8."""

    ready = Ready(
        cores=[0],
        load_seconds=1.0,
        versions={"python": "3.11", "tensorflow-cpu": "2.21", "openvino": "2025.3", "numpy": "2.2"},
    )

    def __init__(self, nodes: Any, products: int, entry: Entry, isa: str, now: Conditions) -> None:
        assert isa in (AMX, NATIVE)
        self._nodes, self._emulated = kernels(nodes), isa == AMX
        if self._emulated:
            counts = [0] * 24
            counts[7], counts[13], counts[19] = (
                products,
                products * MACS_OF_A_PRODUCT,
                products * MACS_OF_A_PRODUCT,
            )
            file = now.scratch / f"{entry.name}.counts.1"
            file.write_bytes(struct.pack("<QIHH24Q", 1, 1, 1, 4, *counts) if products else b"")

            log = now.scratch / f"{entry.name}_{isa}.log"
            log.write_text("amxemu: 1.0.0: process 7 traps 1\n" if self.loaded else "")

    loaded = True

    def send(self, request: Any) -> None:
        self._request = request

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        if isinstance(self._request, Trace):
            return TraceAnswer(nodes=[], amx_busy=NOT_COUNTED, kernels=self._nodes)
        return ClassifyAnswer(probabilities=ROWS)


def tiles(**counts: int) -> Tiles:
    return Tiles(loads=0, stores=0, **counts)


def rehearsed(
    folder: Path, nodes: Any = NODES, products: int = PRODUCTS, classes: int = 2
) -> RehearsedPeer:
    entry = Entry("openvino", "int8", Path("/model.xml"))
    record = quantize(Variant(precision="fp32", model="train/model_keras.fp32"))

    def start(*given: Any) -> Peer:
        return Peer(nodes, products, *given)

    return rehearse_peer(entry, record, classes, conditions(folder), start)


def test_it_shows_what_ran_on_amx_and_what_did_not(tmp_path: Path) -> None:
    peer = rehearsed(tmp_path / "peer")
    assert peer.tiles.products == PRODUCTS
    # Not TensorFlow, which is beside it for others.
    assert peer.versions == {"python": "3.11", "openvino": "2025.3", "numpy": "2.2"}
    assert peer.images == 1 + 2 * BATCH + len(LABELS)
    record = rehearsal(tmp_path / "ours", peers=[peer], peers_sha256=SHA256)
    text = render(record)
    assert "openvino  int8       2 of 3" in text
    assert "off AMX: openvino int8  1 Convolution in u8: jit_avx512_dw_I8" in text
    assert f"rehearse: openvino int8 {REHEARSED}: 2 of 3 nodes that multiply on AMX" in text
    assert "INT8 equal bit for bit on 2 of 2 images" in peer_finding(peer)


def test_nodes_in_another_type_than_without_amx_are_named(tmp_path: Path) -> None:
    peer = rehearsed(tmp_path / "peer")
    signed = [(name, kind, kernel, "i8") for name, kind, kernel, _ in NODES[:1]] + [*NODES[1:]]
    changed = replace(peer, with_amx=replace(peer.with_amx, kernels=kernels(signed)))
    text = render(rehearsal(tmp_path / "ours", peers=[changed]))
    assert "other type: openvino int8  1 Convolution in i8, not u8" in text
    assert "other type" not in render(rehearsal(tmp_path / "again", peers=[peer]))


def test_a_peer_that_names_nothing_has_only_its_share(tmp_path: Path) -> None:
    peer = rehearsed(tmp_path / "peer", nodes=())
    text = render(rehearsal(tmp_path / "ours", peers=[replace(peer, share=0.25)]))
    assert "openvino  int8       at most 25.0%" in text
    assert f"{REHEARSED}: at most 25.0% of the multiplications on AMX, INT8" in text


@pytest.mark.parametrize(
    ("nodes", "products", "words"),
    [(NODES, 0, "it names kernels of AMX"), (NODES[1:3], 5, "it names no kernels of AMX")],
)
def test_names_and_counts_that_contradict_each_other_are_refused(
    tmp_path: Path, nodes: Any, products: int, words: str
) -> None:
    with pytest.raises(ProofError, match=words):
        rehearsed(tmp_path, nodes, products)


def test_the_share_is_of_all_images_and_at_most_one(tmp_path: Path) -> None:
    tiles = rehearsed(tmp_path).tiles
    operations = 2 * PRODUCTS * MACS_OF_A_PRODUCT
    assert share_of(tiles, 1, operations) == 1
    assert share_of(tiles, 4, operations) == 0.25
    assert share_of(tiles, 1, operations // 2) == 1
    assert share_of(tiles, 1, 0) is None


def test_an_edited_figure_is_derived_again(tmp_path: Path) -> None:
    peer = rehearsed(tmp_path / "peer")
    edited = replace(
        peer, share=0.9, operations=7, images=3, answers=replace(peer.answers, equal=0)
    )
    folder = tmp_path / "ours"
    again = rederived(rehearsal(folder, peers=[edited]), RehearseFolder(folder), 10**9).peers[0]
    assert (again.answers.equal, again.images, again.operations) == (2, peer.images, 10**9)
    assert again.share == share_of(peer.tiles, peer.images, 10**9)


def test_many_layers_with_one_reason_take_one_line() -> None:
    assert few(["a", "b", "c"]) == ["a", "b", "c"]
    assert few(["a", "b", "c", "d"]) == ["4 layers, a to d"]


def test_a_peer_without_the_emulator_is_no_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Peer, "loaded", False)
    with pytest.raises(ProofError, match="the emulator was not in the process that it was for"):
        rehearsed(tmp_path, nodes=(), products=0)


@pytest.mark.parametrize(
    ("rows", "classes", "words"),
    [
        (ROWS, 5, "2 numbers for an image, not 5"),
        ([[1e36, 0.0], [0.5, 0.5]], 2, "numbers that are no probabilities"),
        ([[float("nan"), 0.0], [0.5, 0.5]], 2, "numbers that are no probabilities"),
    ],
)
def test_another_network_is_not_taken_for_the_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Any, classes: int, words: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROWS", rows)
    with pytest.raises(ModelError, match=words):
        rehearsed(tmp_path, classes=classes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"peers_sha256": None}, "there are peers without their checksum"),
        ({"twice": True}, "openvino int8 is there twice"),
        ({"precision": "fp32"}, "in which AMX does not multiply"),
        ({"tiles": tiles(products=0, useful=0, possible=0)}, "used no tiles"),
        ({"tiles": tiles(products=1, useful=2, possible=1)}, "more of the tiles"),
    ],
)
def test_a_record_that_can_not_be_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    peer = rehearsed(tmp_path / "peer")
    sums = {"peers_sha256": changes.pop("peers_sha256", SHA256)}
    count = 2 if changes.pop("twice", False) else 1
    record = rehearsal(tmp_path / "ours", peers=[replace(peer, **changes)] * count, **sums)
    assert any(words in problem for problem in problems(record))
