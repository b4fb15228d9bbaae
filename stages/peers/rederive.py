"""Every figure of peers.json once more, from its raw samples."""

from dataclasses import replace

from stages.common.stats import accuracy_top1
from stages.peers.ratios import figures, ratios
from stages.records.peers import Contender, PeersRecord


def rederived(record: PeersRecord) -> PeersRecord:
    """Return the record as the seconds and predictions of its contenders give it."""
    contenders = [
        each if each.missing else _contender(each, record.labels) for each in record.contenders
    ]
    return replace(record, contenders=contenders, ratios=ratios(contenders))


def _contender(contender: Contender, labels: list[int]) -> Contender:
    return replace(
        contender,
        accuracy_top1=accuracy_top1(contender.predictions, labels),
        figures=[figures(each.batch_size, each.batch_seconds) for each in contender.figures],
    )
