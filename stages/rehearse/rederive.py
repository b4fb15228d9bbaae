"""Every figure of rehearsal.json again, from its probabilities, and the logs beside it."""

from collections.abc import Sequence
from dataclasses import replace

from stages.common.onednn.log import OnednnLog, parse_log
from stages.common.stats import accuracy_top1
from stages.files.member import member
from stages.records.rehearse import PeerSide, RehearsalRecord, RehearsedCell, RehearsedPeer, Side
from stages.rehearse.answers import compare_answers, predictions_of
from stages.rehearse.bound import bound_of_all
from stages.rehearse.layers import layers_of, others_of
from stages.rehearse.peers import classified, share_of
from stages.stage_folders import RehearseFolder


def rederived(record: RehearsalRecord, folder: RehearseFolder, operations: int) -> RehearsalRecord:
    """Return the record as its probabilities, and the logs in `folder`, give it.

    `operations` are the multiplications and additions of the network for an image.
    What the logs don't show stays as it is: the op behind a primitive, what its tiles did, and what
    a peer says of its nodes.
    """
    return replace(
        record,
        cells=[_cell(cell, record.labels, folder) for cell in record.cells],
        peers=[_peer(peer, record, operations) for peer in record.peers],
    )


def _cell(cell: RehearsedCell, labels: Sequence[int], folder: RehearseFolder) -> RehearsedCell:
    logs = [_log(side, folder) for side in (cell.with_amx, cell.without)]
    ran, without = (log.executions for log in logs)
    ops = [layer.op for layer in cell.layers]
    layers = layers_of(ran, without, ops, [layer.tiles for layer in cell.layers])
    return replace(
        cell,
        with_amx=_side(cell.with_amx, logs[0], labels),
        without=_side(cell.without, logs[1], labels),
        answers=compare_answers(
            cell.precision, cell.with_amx.probabilities, cell.without.probabilities
        ),
        layers=layers,
        others=others_of(ran),
        bound=bound_of_all(layers),
    )


def _peer(peer: RehearsedPeer, record: RehearsalRecord, operations: int) -> RehearsedPeer:
    labels = record.labels
    images = classified(record.batch_size, len(labels))
    rows = (peer.with_amx.probabilities, peer.without.probabilities)
    return replace(
        peer,
        with_amx=_of_peer(peer.with_amx, labels),
        without=_of_peer(peer.without, labels),
        answers=compare_answers(peer.precision, *rows),
        images=images,
        operations=operations,
        share=share_of(peer.tiles, images, operations),
    )


def _of_peer(side: PeerSide, labels: Sequence[int]) -> PeerSide:
    return replace(side, accuracy_top1=accuracy_top1(predictions_of(side.probabilities), labels))


def _log(side: Side, folder: RehearseFolder) -> OnednnLog:
    text = member(folder.proof, side.log).read_text(encoding="utf-8", errors="replace")
    return parse_log(text.splitlines())


def _side(side: Side, log: OnednnLog, labels: Sequence[int]) -> Side:
    return replace(
        side,
        onednn_version=log.version,
        isa_header=log.isa_header,
        accuracy_top1=accuracy_top1(predictions_of(side.probabilities), labels),
    )
