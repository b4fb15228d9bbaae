"""Derive every figure of peers.json again, from its raw samples."""

from dataclasses import replace

from stages.common.stats import accuracy_top1
from stages.peers.ratios import figures_of, ratios
from stages.records.peers import Contender, PeersRecord


def rederived(record: PeersRecord) -> PeersRecord:
    """Return the record with all figures derived from its contenders' seconds and predictions."""
    contenders = [
        contender if contender.missing else _contender(contender, record.labels)
        for contender in record.contenders
    ]
    return replace(record, contenders=contenders, ratios=ratios(contenders))


def _contender(contender: Contender, labels: list[int]) -> Contender:
    return replace(
        contender,
        accuracy_top1=accuracy_top1(contender.predictions, labels),
        figures=[
            figures_of(figures.batch_size, figures.batch_seconds) for figures in contender.figures
        ],
    )
