"""From the seconds of batches to figures, and to ratios of ours to the peers'."""

from collections.abc import Sequence
from statistics import median

from stages.peers.contenders import PEERS
from stages.precisions import get_precision
from stages.records.peers import Contender, Figures, Ratio


def figures(batch_size: int, batch_seconds: list[list[float]]) -> Figures:
    """Return the figures of the seconds of each batch, by round."""
    typical = median(median(seconds) for seconds in batch_seconds)
    every = [seconds for each in batch_seconds for seconds in each]
    return Figures(
        batch_size=batch_size,
        throughput_images_per_s=batch_size / typical,
        latency_p50_ms=1000 * median(every) if batch_size == 1 else None,
        batch_seconds=batch_seconds,
    )


def ratios(contenders: Sequence[Contender]) -> list[Ratio]:
    """Return the ratios of each of ours to each peer's counterpart, where both were measured."""
    measured = {(each.backend, each.precision): each for each in contenders if not each.missing}
    return [
        _ratio(own, peer, each, other)
        for own in measured.values()
        if own.backend not in PEERS
        for name in PEERS
        if (peer := measured.get((name, get_precision(own.precision).peer)))
        for each, other in zip(own.figures, peer.figures, strict=True)
    ]


def _ratio(own: Contender, peer: Contender, figures: Figures, others: Figures) -> Ratio:
    by_round = paired(figures.batch_seconds, others.batch_seconds)
    return Ratio(
        backend=own.backend,
        precision=own.precision,
        peer=peer.backend,
        peer_precision=peer.precision,
        batch_size=figures.batch_size,
        median=median(by_round),
        lowest=min(by_round),
        highest=max(by_round),
    )


def paired(own: Sequence[Sequence[float]], peer: Sequence[Sequence[float]]) -> list[float]:
    """Return, for each round, how many times as fast as the peer's batches our own were."""
    return [median(theirs) / median(ours) for ours, theirs in zip(own, peer, strict=True)]
