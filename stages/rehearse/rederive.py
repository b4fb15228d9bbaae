"""Every figure of rehearsal.json again, from its probabilities, and the logs beside it."""

from collections.abc import Sequence
from dataclasses import replace

from stages.artifacts import RehearseFolder
from stages.common.onednn.log import OnednnLog, parse_log
from stages.common.stats import accuracy_top1
from stages.files.member import member
from stages.records.rehearse import RehearsalRecord, RehearsedCell, Side
from stages.rehearse.answers import compare_answers
from stages.rehearse.bound import bound_of_all
from stages.rehearse.layers import layers_of, others_of


def rederived(record: RehearsalRecord, folder: RehearseFolder) -> RehearsalRecord:
    """Return the record as its probabilities, and the logs in `folder`, give it.

    What the logs don't show stays as it is: the op behind a primitive, and what its tiles did.
    """
    return replace(record, cells=[_cell(cell, record.labels, folder) for cell in record.cells])


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


def _log(side: Side, folder: RehearseFolder) -> OnednnLog:
    text = member(folder.proof, side.log).read_text(encoding="utf-8", errors="replace")
    return parse_log(text.splitlines())


def _side(side: Side, log: OnednnLog, labels: Sequence[int]) -> Side:
    predictions = [row.index(max(row)) for row in side.probabilities]
    return replace(
        side,
        onednn_version=log.version,
        isa_header=log.isa_header,
        accuracy_top1=accuracy_top1(predictions, labels),
    )
